using Tallystick.Testing;
using Tallystick.Testing.Linearizability;
using static Tallystick.Tests.Testing.Linearizability.CheckerTests;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>That the proof of a violation is short, and can be read.</summary>
public sealed class ProofTests
{
    [Fact]
    public void A_proof_shows_the_contradiction_as_bars_over_time_and_why_nothing_can_follow() => Assert.Equal(
        """
        Not linearizable: no order of these operations explains what they answered.
        They are 4 of the 7 operations; each takes effect at one moment between its call and its return.
        The state is 1 at first: the 2 operations that had ended before can lead to nothing else.
        In one order that explains them, the last that changed the state are:
                 client 0    write 1 -> done  =>  1

            #2  client 0       |--|                 write 3 -> done
            #3  client 1             |--|           read -> 2
            #1  client 2    |-----------------|     write 2 -> done
            #4  client 3                   |-----|  read -> 3

        From state 1 the longest order that the model allows, and the state after each:
            #2  client 0    write 3 -> done  =>  3
            #1  client 2    write 2 -> done  =>  2
            #3  client 1    read -> 2  =>  2
        In state 2 #4 can't follow, nor after any other that may come before it:
            #4  client 3    read -> 3  --  it must give 2
        """,
        ProofOf(
            Write(0, 1, 1, 2), Read(1, 3, 1, 4), Write(2, 5, 2, 12), Write(0, 6, 3, 8), Read(1, 9, 2, 10), Read(3, 11, 3, 13), Write(1, 14, 1, 15)));

    [Fact]
    public void A_proof_names_all_states_that_the_operations_before_it_can_lead_to()
    {
        var proof = ProofOf(Write(0, 1, 1, 3), Write(1, 2, 2, 4), Read(0, 5, 7, 6));

        Assert.Contains("The state is 2 or 1 at first: the 2 operations", proof, StringComparison.Ordinal);
        Assert.Contains("read -> 7  --  it must give 2", proof, StringComparison.Ordinal);
        Assert.Contains("read -> 7  --  it must give 1", proof, StringComparison.Ordinal);
    }

    [Fact]
    public void A_proof_shows_a_write_that_may_have_been_lost_as_a_bar_without_an_end()
    {
        var proof = ProofOf(Operation<RegisterCall, RegisterAnswer>.Unseen(0, new RegisterCall.Write(5), 1), Read(1, 2, 5, 3), Read(1, 4, null, 5));

        Assert.Contains("The state is 5 at first: the 1 operation that had ended", proof, StringComparison.Ordinal);
        Assert.Contains("client 0    write 5 -> ?  =>  5", proof, StringComparison.Ordinal);
        Assert.Contains("read -> empty  --  it must give 5", proof, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_text_is_cut_in_the_middle()
    {
        var history = new History<KeyValueCall, string>(
        [
            Operation<KeyValueCall, string>.Seen(0, new("put", "a", $"first {new string('x', 500)} last"), 1, "", 2),
            Operation<KeyValueCall, string>.Seen(0, new("get", "a", ""), 3, "other", 4),
        ]);

        var proof = Assert.IsType<LinearizabilityVerdict.Violated>(history.Check(new KeyValueModel(), cancellationToken: TestContext.Current.CancellationToken)).Proof;

        Assert.Contains("of part 'a'", proof, StringComparison.Ordinal);
        Assert.Contains("last'", proof, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('x', 100), proof, StringComparison.Ordinal);
    }

    private static string ProofOf(params Operation<RegisterCall, RegisterAnswer>[] operations) => Assert.Throws<CheckFailedException>(
        () => new History<RegisterCall, RegisterAnswer>([.. operations]).Check(new RegisterModel(), cancellationToken: TestContext.Current.CancellationToken).Demand()).Message;
}
