using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tests.Commands;

public sealed class CommandResultTests
{
    private static readonly StreamId Stream = new("order", "1");

    /// <summary>Dashboards and alarms are made of these words, so they never change.</summary>
    [Fact]
    public void Each_kind_of_result_has_a_stable_word_for_telemetry()
    {
        (string, CommandResult)[] results =
        [
            ("accepted", new CommandResult.Accepted(Stream, StreamVersion.Of(1), LogPosition.Of(1), IsReplay: false)),
            ("replayed", new CommandResult.Accepted(Stream, StreamVersion.Of(1), LogPosition.Of(1), IsReplay: true)),
            ("rejected", new CommandResult.Rejected(new Rejection("order-empty", "An order needs lines."))),
            ("invalid", new CommandResult.Invalid([])),
            ("conflict", new CommandResult.Conflict(Stream, ExpectedVersion.NoStream, StreamVersion.Of(1))),
            ("forbidden", new CommandResult.Forbidden("policy")),
            ("key-reused", new CommandResult.KeyReused("k-1")),
        ];

        Assert.Equal(results.Select(one => one.Item1), results.Select(one => one.Item2.Outcome));
    }
}
