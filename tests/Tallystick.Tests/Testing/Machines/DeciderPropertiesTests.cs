using System.Collections.Immutable;
using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Machines;

public sealed class DeciderPropertiesTests
{
    [Fact]
    public void A_sound_decider_keeps_all_rules_and_its_invariant() => Properties.Of<CartDecider>()
        .KeepsTheRules()
        .Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity))
        .AlwaysAfter((before, command, decision, after) => !decision.IsRejected || ReferenceEquals(before, after));

    [Fact]
    public void A_broken_invariant_is_printed_as_the_smallest_specification_that_shows_it()
    {
        var failure = Assert.Throws<CheckFailedException>(() =>
            Properties.Of<MiscountingCart>().WithSeed(42).Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity)));

        Assert.Equal("""x""", failure.Message);
    }

    [Fact]
    public void A_decider_that_throws_is_found_by_every_check()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<ThrowingCart>().WithSeed(1).FoldEqualsLive());

        Assert.Equal("x", failure.Message);
    }

    [Fact]
    public void The_initial_state_is_held_against_the_invariant_too()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<CartDecider>().WithSeed(1).Always(cart => cart.Count > 0));

        Assert.Equal("x", failure.Message);
    }

    [Fact]
    public void The_same_seed_gives_the_same_message_and_another_seed_another_way_to_the_same_bug()
    {
        Assert.Equal(Message(7), Message(7));
        Assert.NotEqual(Message(7), Message(8));
        Assert.Equal(Specification(Message(7)), Specification(Message(8)));

        static string Message(ulong seed) => Assert.Throws<CheckFailedException>(() =>
            Properties.Of<MiscountingCart>().WithSeed(seed).Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity))).Message;

        static string Specification(string message) => message[..message.IndexOf("Found in run", StringComparison.Ordinal)];
    }

    [Fact]
    public void The_seed_that_a_failure_prints_leads_to_it_again()
    {
        var first = Assert.Throws<CheckFailedException>(() => Properties.Of<MiscountingCart>().Always(cart => cart.Count >= cart.Items.Length)).Message;
        var seed = ulong.Parse(first.Split(".WithSeed(")[1].Split(')')[0], System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal(first, Assert.Throws<CheckFailedException>(
            () => Properties.Of<MiscountingCart>().WithSeed(seed).Always(cart => cart.Count >= cart.Items.Length)).Message);
    }

    [Fact]
    public void A_fold_that_isnt_pure_is_found()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of(new CountingCart()).FoldEqualsLive());

        Assert.StartsWith("The fold of the log equals the live state: that doesn't hold for CountingCart after 1 command.", failure.Message, StringComparison.Ordinal);
        Assert.Contains(".Count: expected", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_that_differs_from_the_fold_is_found()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of(new CountingCart()).SnapshotPlusTailEqualsFold());

        Assert.StartsWith("A snapshot and the tail give the same state as the whole fold: that doesn't hold", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rejection_that_changes_what_comes_later_is_found()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of(new ResentfulCart()).RejectionsChangeNothing());

        Assert.StartsWith("A rejected command changes nothing: that doesn't hold for ResentfulCart after 2 commands.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decision_that_isnt_repeated_is_found()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of(new MoodyCart()).DecidesTheSameAgain());

        Assert.StartsWith("The same command in the same state is decided in the same way: that doesn't hold for MoodyCart after 1 command.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_breaks_its_rule_is_shown_with_what_was_decided()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<CartDecider>().WithSeed(3)
            .AlwaysAfter((before, command, decision, after) => command is not RemoveItem || after.Count == before.Count));

        Assert.Equal("x", failure.Message);
    }

    [Fact]
    public void A_check_in_which_nothing_was_ever_accepted_fails()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<ClosedCart>().Always(cart => cart.Count == 0));

        Assert.Matches("^ClosedCart rejected all of \\d+ random commands, so nothing was tried. Say by With or WithPool which values it accepts.$", failure.Message);
    }

    [Fact]
    public void Runs_and_length_are_what_was_asked_for()
    {
        var (runs, longest) = (0, 0);

        Properties.Of<CartDecider>().WithRuns(37).WithLength(5).Always(cart =>
        {
            if (cart == Cart.Empty)
                runs++;
            longest = Math.Max(longest, cart.Items.Length);
            return true;
        });

        Assert.InRange(runs, 37, 37 * 5);
        Assert.InRange(longest, 2, 5);
    }
}
