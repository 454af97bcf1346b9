namespace Tallystick.IntegrationTests.Faults;

/// <summary>Commits in groups, the index, and the closing, on the writer's thread.</summary>
public sealed class GroupCommitFaultTests() : FaultInjectionTests("writer", recovers: false)
{
    public static TheoryData<string> Kinds { get; } = new("pwrite64", "fsync", "ftruncate", "unlink");

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
