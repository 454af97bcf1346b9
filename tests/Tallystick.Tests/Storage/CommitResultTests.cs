using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tests.Storage;

/// <summary>What a caller is told of a commit that was refused.</summary>
public sealed class CommitResultTests
{
    private static readonly StreamId Order = new("order", "1");

    public static TheoryData<Refusal, string> Refusals => new()
    {
        {
            new Refusal.WrongVersion(Order, ExpectedVersion.Exactly(StreamVersion.Of(2)), StreamVersion.Of(3)),
            "stream order-1 is at version 3, but version 2 was expected. Read it again and decide anew."
        },
        {
            new Refusal.QueryMatched(EventQuery.OfTypes("order.placed"), LogPosition.Of(4), LogPosition.Of(6)),
            "the event at position 6 matches 'order.placed', which must have no match after position 4. Read again and decide anew."
        },
        {
            new Refusal.CheckpointMoved("orders", LogPosition.Of(4), LogPosition.Of(5)),
            "checkpoint 'orders' is at 5, but 4 was expected: another owner has moved it."
        },
        { new Refusal.Fenced("moving"), "the tenant takes no commits now (moving). Look up where the tenant is, and try again." },
        { new Refusal.NotFenced("copy 1", "copy 2"), "the tenant isn't fenced with 'copy 1' but with 'copy 2': somebody else has changed that. Begin again." },
        { new Refusal.NotFenced("copy 1", null), "the tenant isn't fenced with 'copy 1' (it has no fence): somebody else has changed that. Begin again." },
        { new Refusal.Erasing(), "the tenant is being erased. Go on erasing it until nothing is left; then the id can begin anew." },
        {
            new Refusal.WrongPosition(LogPosition.Of(5), LogPosition.Of(3)),
            "the events to adopt begin at position 5, but the log ends at 3. Adopt those from position 4."
        },
        { new Refusal.KeyReused("k-1"), "idempotency key 'k-1' was used before for a different change. Use a new key." },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refusal_says_which_condition_did_not_hold_what_is_instead_and_what_to_do(Refusal refusal, string text)
    {
        Assert.Equal(text, refusal.ToString());
        var error = Assert.ThrowsAny<TallystickException>(() => new CommitResult.Refused(refusal).Demand());
        Assert.Equal($"The commit was refused: {text}", error.Message);
        Assert.Equal(refusal is Refusal.Fenced, error.IsTransient);
        Assert.Equal(refusal as Refusal.WrongVersion, (error as WrongExpectedVersionException)?.Conflict);
    }

    [Fact]
    public void The_result_of_a_commit_that_succeeded_is_itself()
    {
        var committed = new CommitResult.Committed(LogPosition.Of(1), LogPosition.Of(2), []);
        Assert.Same(committed, ((CommitResult)committed).Demand());
    }
}
