using Tallystick.Commands;

namespace Tallystick.Tests.Commands;

public sealed class DecisionTests
{
    [Theory]
    [InlineData("order-empty")]
    [InlineData("e404")]
    [InlineData("x")]
    public void A_code_has_lower_case_letters_digits_and_hyphens(string code) => Assert.Equal(code, new Rejection(code, "No.").Code);

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("Order")]
    [InlineData("order_empty")]
    [InlineData("order empty")]
    [InlineData("bestätigt")]
    public void Another_code_is_refused(string? code) => Assert.Throws<ArgumentException>(() => new Rejection(code!, "No."));

    [Fact]
    public void A_code_is_bounded_and_a_message_is_needed()
    {
        Assert.Equal(64, new Rejection(new string('a', 64), "No.").Code.Length);
        Assert.Throws<ArgumentException>(() => new Rejection(new string('a', 65), "No."));
        Assert.Throws<ArgumentException>(() => new Rejection("a", " "));
    }

    [Fact]
    public void Decisions_are_equal_by_their_events_or_rejections()
    {
        var accepted = Decision<CounterEvent>.Accept(new Added(1), new Closed());
        Assert.Equal(accepted, Decision<CounterEvent>.Accept(new Added(1), new Closed()));
        Assert.Equal(accepted.GetHashCode(), Decision<CounterEvent>.Accept(new Added(1), new Closed()).GetHashCode());
        Assert.NotEqual(accepted, Decision<CounterEvent>.Accept(new Closed(), new Added(1)));
        Assert.NotEqual(accepted, Decision<CounterEvent>.Accept());
        Decision<CounterEvent> rejected = new Rejection("no", "No.");
        Assert.True(rejected.IsRejected);
        Assert.Equal(rejected, Decision<CounterEvent>.Reject(new Rejection("no", "No.")));
        Assert.NotEqual(rejected, Decision<CounterEvent>.Accept());
        Assert.True(rejected != accepted);
        Assert.False(rejected == accepted);
        Assert.False(rejected.Equals("no"));
    }

    [Fact]
    public void A_decision_tells_itself_in_words()
    {
        Assert.Equal("accepted, nothing happens", default(Decision<CounterEvent>).ToString());
        Assert.StartsWith("accepted: Added", Decision<CounterEvent>.Accept(new Added(1), new Closed()).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("rejected, no", Decision<CounterEvent>.Reject(new Rejection("no", "No.")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_results_are_equal_by_their_failures()
    {
        static CommandResult Invalid(string message) => new CommandResult.Invalid([new ValidationFailure("amount", message)]);

        Assert.Equal(Invalid("a"), Invalid("a"));
        Assert.Equal(Invalid("a").GetHashCode(), Invalid("a").GetHashCode());
        Assert.NotEqual(Invalid("a"), Invalid("b"));
    }

    [Fact]
    public void The_default_decision_is_accepted_without_events()
    {
        Assert.False(default(Decision<CounterEvent>).IsRejected);
        Assert.Empty(default(Decision<CounterEvent>).Events);
        Assert.Equal(default, Decision<CounterEvent>.Accept());
    }

    [Fact]
    public void A_null_among_the_events_is_refused() =>
        Assert.Throws<ArgumentException>(() => Decision<CounterEvent>.Accept(new Added(1), null!));
}
