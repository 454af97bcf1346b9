using System.Globalization;
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

        Assert.Equal(
            """
            Always cart => cart.Count == cart.Items.Sum(item => item.Quantity): that doesn't hold for MiscountingCart after 2 commands.

            It is false for the state after the last command:
              new Cart([], 1)

            As a specification:

                [Fact]
                public void Counter_example() =>
                    Specification.For<MiscountingCart>()
                        .Given(new ItemAdded("a", 2))
                        .When(new RemoveItem("a"))
                        .ThenState((Cart cart) => cart.Count == cart.Items.Sum(item => item.Quantity));

            The commands, from the initial state:
              1. new AddItem("a", 2)
                 accepted: new ItemAdded("a", 2)
                 state: new Cart([new CartItem("a", 2)], 2)
              2. new RemoveItem("a")
                 accepted: new ItemRemoved("a")
                 state: new Cart([], 1)

            Found in run 11 of 100, then made smaller 3 times. To see the same again, add .WithSeed(42).
            """, failure.Message);
    }

    [Fact]
    public void A_decider_that_throws_is_found_by_every_check()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<ThrowingCart>().WithSeed(1).FoldEqualsLive());

        Assert.Equal(
            """
            Decide doesn't throw: that doesn't hold for ThrowingCart after 3 commands.

            Decide threw InvalidOperationException: The cart is full.
            A rule that refuses says so by Reject; what a command alone can tell is for its Validate.

            As a specification:

                [Fact]
                public void Counter_example() =>
                    Specification.For<ThrowingCart>()
                        .Given(new ItemAdded("a", 1), new ItemAdded("a", 1))
                        .When(new AddItem("a", 1));

            The commands, from the initial state:
              1. new AddItem("a", 1)
                 accepted: new ItemAdded("a", 1)
                 state: new Cart([new CartItem("a", 1)], 1)
              2. new AddItem("a", 1)
                 accepted: new ItemAdded("a", 1)
                 state: new Cart([new CartItem("a", 1), new CartItem("a", 1)], 2)
              3. new AddItem("a", 1)
                 threw
            """, WithoutProvenance(failure.Message));
    }

    [Fact]
    public void The_initial_state_is_held_against_the_invariant_too()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<CartDecider>().WithSeed(1).Always(cart => cart.Count > 0));

        Assert.Equal(
            """
            Always cart => cart.Count > 0: that doesn't hold for CartDecider in the initial state.

            It is false for the initial state:
              new Cart([], 0)

            As a specification:

                [Fact]
                public void Counter_example() =>
                    Specification.For<CartDecider>()
                        .ThenState((Cart cart) => cart.Count > 0);

            Found in run 1 of 100, then made smaller once. To see the same again, add .WithSeed(1).
            """, failure.Message);
    }

    [Fact]
    public void The_same_seed_gives_the_same_message_and_another_seed_another_way_to_the_same_bug()
    {
        Assert.Equal(Message(7), Message(7));
        Assert.NotEqual(Message(7), Message(8));
        Assert.Equal(Specification(Message(7)), Specification(Message(8)));

        static string Message(long seed) => Assert.Throws<CheckFailedException>(() =>
            Properties.Of<MiscountingCart>().WithSeed(seed).Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity))).Message;

        static string Specification(string message) => message[..message.IndexOf("Found in run", StringComparison.Ordinal)];
    }

    [Fact]
    public void The_seed_that_a_failure_prints_leads_to_it_again()
    {
        var first = Assert.Throws<CheckFailedException>(() => Properties.Of<MiscountingCart>().Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity))).Message;
        var seed = long.Parse(first.Split(".WithSeed(")[1].Split(')')[0], CultureInfo.InvariantCulture);

        Assert.Equal(first, Assert.Throws<CheckFailedException>(
            () => Properties.Of<MiscountingCart>().WithSeed(seed).Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity))).Message);
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
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<ResentfulCart>().WithSeed(1).RejectionsChangeNothing());

        Assert.StartsWith(
            """
            A rejected command changes nothing: that doesn't hold for ResentfulCart after 2 commands.

            Without the rejected commands before it, this command ends otherwise:
            .Decision.Events[0]: missing: new ItemAdded("a", 1)
            """, failure.Message, StringComparison.Ordinal);
        Assert.Contains("  1. new RemoveItem(", failure.Message, StringComparison.Ordinal);
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

        Assert.Equal(
            """
            After every command (before, command, decision, after) => command is not RemoveItem || after.Count == before.Count: that doesn't hold for CartDecider after 2 commands.

            It is false for the last command, which was accepted: ItemRemoved { Sku = a }.

            As a specification:

                [Fact]
                public void Counter_example() =>
                    Specification.For<CartDecider>()
                        .Given(new ItemAdded("a", 1))
                        .When(new RemoveItem("a"))
                        .Then(new ItemRemoved("a"));

            The commands, from the initial state:
              1. new AddItem("a", 1)
                 accepted: new ItemAdded("a", 1)
                 state: new Cart([new CartItem("a", 1)], 1)
              2. new RemoveItem("a")
                 accepted: new ItemRemoved("a")
                 state: new Cart([], 0)

            Found in run 10 of 100, then made smaller 9 times. To see the same again, add .WithSeed(3).
            """, failure.Message);
    }

    [Fact]
    public void A_check_that_can_not_be_made_is_no_success() => Assert.Equal(
        "Asked twice.", Assert.Throws<InvalidOperationException>(() => Properties.Of<ImpatientCart>().DecidesTheSameAgain()).Message);

    [Fact]
    public void A_check_in_which_nothing_was_ever_accepted_fails()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<ClosedCart>().Always(cart => cart.Count == 0));

        Assert.Matches("^ClosedCart rejected all of \\d+ random commands, so nothing was tried. Say by With or WithPool which values it accepts.$", failure.Message);
    }

    [Fact]
    public void A_state_that_a_snapshot_can_not_hold_is_found()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<ForgetfulCounter>().StatesSurviveSerialisation());

        Assert.StartsWith("States survive being stored and read again: that doesn't hold for ForgetfulCounter after 1 command.", failure.Message, StringComparison.Ordinal);
        Assert.Contains(".Count: expected 1, but it is 0", failure.Message, StringComparison.Ordinal);
        Assert.Throws<CheckFailedException>(() => Properties.Of<ForgetfulCounter>().KeepsTheRules());
    }

    [Fact]
    public void An_event_that_loses_something_when_it_is_stored_is_found_also_if_no_command_leads_to_it()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<LossyCounter>().WithSeed(5).EventsSurviveSerialisation());

        Assert.StartsWith(
            """
            Events survive being stored and read again: that doesn't hold for CounterReset, an event of LossyCounter.

            CounterReset comes back as another event:
            .To: expected 1, but it is 0
            It was stored as {}

            As a specification:

                [Fact]
                public void CounterReset_survives() =>
                    Specification.For<LossyCounter>()
                        .Given(new CounterReset { To = 1 });
            """, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_invariant_that_throws_is_broken_and_tells_why()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.Of<CartDecider>().Always(cart => 10 / (cart.Count - cart.Count) > 0));

        Assert.Contains("It threw DivideByZeroException (Attempted to divide by zero.) for the initial state:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decider_that_can_not_be_registered_is_refused_with_the_reason() => Assert.StartsWith(
        "No application could register MutableCounter: ",
        Assert.Throws<CheckFailedException>(() => Properties.Of<MutableCounter>().KeepsTheRules()).Message, StringComparison.Ordinal);

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

    private static string WithoutProvenance(string message) => message[..message.IndexOf("\n\nFound in run", StringComparison.Ordinal)];
}
