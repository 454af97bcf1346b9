namespace Tallystick.IntegrationTests.Faults;

/// <summary>A file that is made, on its caller's thread.</summary>
public sealed class NewFileFaultTests() : FaultInjectionTests("caller", recovers: false)
{
    public static TheoryData<string> Kinds { get; } = new("mkdir", "openat", "pwrite64", "fsync", "ftruncate", "unlink");

    protected override string[] Calls => [.. Kinds.Select(row => row.Data)];

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Kinds))]
    public Task The_disk_fails_at_every(string call) => FailsAsync(call, "EIO");

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Kinds))]
    public Task The_disk_fails_for_good_at_every(string call) => FailsFromThenOnAsync(call, "EIO");

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Kinds))]
    public Task The_disk_is_full_at_every(string call) => FailsAsync(call, "ENOSPC");

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Kinds))]
    public Task The_process_is_killed_at_every(string call) => IsKilledAsync(call);
}
