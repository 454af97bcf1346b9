namespace Tallystick.Tests;
public sealed class SmokeTests { [Fact] public void Runs() => Assert.True(true); [Fact] public void Skips() => Assert.Skip("because"); }
