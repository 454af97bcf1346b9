using Tallystick.Commands;
using Tallystick.Pipeline;
using Tallystick.Testing;
using Tallystick.Testing.Specifications;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class PipelineSpecificationTests
{
    private static PipelineSpecification Books() => Specification.ForPipeline(app => app
        .AddDecider<BookDecider>().AddValidator<DepositValidator>()
        .AddPolicy(CommandPolicy.For<Return>("returning", request => request.User?.IsInRole("reader") is true)));

    [Fact]
    public void Every_kind_of_result_can_be_specified() => Books()
        .In("acme").Given("book-1", new BookAcquired("Emma", []))
        .As("ann", "reader")
        .When("book-1", new Lend("ann", -1m)).ThenInvalid("deposit")
        .Expecting(7).When("book-1", new Lend("ann", 5m)).ThenConflict()
        .Once("key", "first").When("book-1", new Lend("ann", 5m)).ThenAccepted(new BookLent("ann", 5m)).ThenMetadata(metadata => metadata.UserId == "ann")
        .Once("key", "first").When("book-1", new Lend("ann", 5m)).ThenReplayed()
        .Once("key", "other").When("book-1", new Return()).ThenKeyReused()
        .When("book-1", new Lend("bob", 5m)).ThenRejected("book-lent")
        .As("bob").When("book-1", new Return()).ThenForbidden("returning")
        .In("globex").When("book-1", new Lend("bob", 5m)).ThenAccepted(new BookLent("bob", 5m));

    [Fact]
    public void Another_result_is_told_with_the_story() => Assert.Equal(
        """
        The command was expected to be accepted, but the policy "returning" forbids it

        Specification.ForPipeline(app => …)
            .Given("book-1", new BookLent("ann", 5m))
            .When("book-1", new Return())
            .ThenAccepted(new BookReturned())

        This would hold:
            .ThenForbidden("returning")
        """,
        Failure.Of(() => Books().Given("book-1", new BookLent("ann", 5m)).When("book-1", new Return()).ThenAccepted(new BookReturned())));

    [Fact]
    public void Each_expectation_can_fail()
    {
        PipelineSpecification Lent() => Books().When("book-1", new Lend("ann", 5m));

        Assert.StartsWith(
            "Other events were expected.\n  [0].Reader: expected \"bob\", but it is \"ann\"", Failure.Of(() => Lent().ThenAccepted(new BookLent("bob", 5m))), StringComparison.Ordinal);
        Assert.StartsWith("The command was expected to be a replay, but it was accepted", Failure.Of(() => Lent().ThenReplayed()), StringComparison.Ordinal);
        Assert.StartsWith("A rejection with \"book-lent\" was expected, but it was accepted", Failure.Of(() => Lent().ThenRejected("book-lent")), StringComparison.Ordinal);
        Assert.StartsWith("The field \"reader\" was expected to be invalid, but it was accepted", Failure.Of(() => Lent().ThenInvalid("reader")), StringComparison.Ordinal);
        Assert.StartsWith("The policy \"lending\" was expected to forbid it, but it was accepted", Failure.Of(() => Lent().ThenForbidden("lending")), StringComparison.Ordinal);
        Assert.StartsWith("A conflict was expected, but it was accepted", Failure.Of(() => Lent().ThenConflict()), StringComparison.Ordinal);
        Assert.StartsWith("The key was expected to be used already, but it was accepted", Failure.Of(() => Lent().ThenKeyReused()), StringComparison.Ordinal);
        Assert.StartsWith(
            "This was expected to hold for the metadata of testing.book-lent: metadata.UserId == \"ann\"\nThe metadata is new EventMetadata()",
            Failure.Of(() => Lent().ThenMetadata(metadata => metadata.UserId == "ann")), StringComparison.Ordinal);
        Assert.StartsWith("No command has arrived yet.", Failure.Of(() => Books().ThenConflict()), StringComparison.Ordinal);
        Assert.StartsWith(
            "The command was expected to be a replay, but it is invalid: deposit: It can't be negative.",
            Failure.Of(() => Books().When("book-1", new Lend("ann", -1m)).ThenReplayed()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_throws_is_told()
    {
        var broken = Specification.ForPipeline(app => app.AddDecider<BookDecider>().AddStep<BrokenStep>("broken"));

        Assert.StartsWith("NotSupportedException: the step is broken", Failure.Of(() => broken.When("book-1", new Return())), StringComparison.Ordinal);
    }

    private sealed class BrokenStep : IPipelineStep<CommandRequest, CommandResult>
    {
        public ValueTask<CommandResult> InvokeAsync(
            CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
            throw new NotSupportedException("the step is broken");
    }
}
