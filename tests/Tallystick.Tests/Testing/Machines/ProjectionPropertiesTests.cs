using FsCheck.Fluent;
using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Machines;

public sealed class ProjectionPropertiesTests
{
    [Fact]
    public void A_sound_projection_gives_the_same_rows_however_its_events_come() =>
        Properties.OfProjection<SoundRows>().From<CartDecider>().KeepsTheRules();

    [Fact]
    public void A_projection_that_reads_the_clock_is_found()
    {
        var message = Failure(() => Properties.OfProjection<ClockRows>().From<CartDecider>().SameRowsForAnyBatches());

        Assert.StartsWith("The rows are the same whatever the batches: that doesn't hold for ClockRows after 1 event.", message, StringComparison.Ordinal);
        Assert.Contains("[\"carts ann\"].Document.Stamp: expected ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projection_whose_documents_lose_something_between_two_batches_is_found()
    {
        var message = Failure(() => Properties.OfProjection<RunningRows>().From<CartDecider>().SameRowsForAnyBatches());

        Assert.StartsWith("The rows are the same whatever the batches: that doesn't hold for RunningRows after ", message, StringComparison.Ordinal);
        Assert.Contains("\"].Document.Shown: expected ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projection_that_forgets_a_field_in_a_restart_is_found_with_the_smallest_log()
    {
        var message = Failure(() => Properties.OfProjection<FieldRows>().From<CartDecider>().WithSeed(1).SameRowsAfterRestarts());

        Assert.StartsWith("The rows are the same after restarts: that doesn't hold for FieldRows after 2 events.", message, StringComparison.Ordinal);
        Assert.Contains(
            """
            ["carts ann"].Document.Stamp: expected 2L, but it is 1L
            Its handlers must use nothing but the event, its context and the documents: no clock, no chance, no field that changes.

            What one plain pass makes of the same log, as a specification:

                [Fact]
                public void Counter_example() =>
                    Specification.ForProjection<FieldRows>()
                        .Given("cart-ann", new ItemAdded("a", 1))
                        .Given("cart-ann", new ItemAdded("a", 1))
                        .ThenDocument("ann", new CartRow(2, 2L));

            Found in run
            """, message, StringComparison.Ordinal);
        Assert.EndsWith("To see the same again, add .WithSeed(1).", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projection_that_a_second_delivery_changes_is_found() => Assert.StartsWith(
        "The rows are the same after repeated deliveries: that doesn't hold for OnceRows after ",
        Failure(() => Properties.OfProjection<OnceRows>().From<CartDecider>().SameRowsAfterRepeatedDeliveries()), StringComparison.Ordinal);

    [Fact]
    public void A_projection_that_a_rebuild_changes_is_found() => Assert.StartsWith(
        "The rows are the same after a rebuild: that doesn't hold for OnceRows after 1 event.",
        Failure(() => Properties.OfProjection<OnceRows>().From<CartDecider>().SameRowsAfterRebuild()), StringComparison.Ordinal);

    [Fact]
    public void Batches_alone_do_not_find_what_only_a_restart_shows()
    {
        Properties.OfProjection<FieldRows>().From<CartDecider>().SameRowsForAnyBatches();
        Assert.Throws<CheckFailedException>(() => Properties.OfProjection<FieldRows>().From<CartDecider>().KeepsTheRules());
    }

    [Fact]
    public void A_projection_that_stops_at_an_event_is_found_with_the_reason()
    {
        var message = Failure(() => Properties.OfProjection<OneItemRows>().From<CartDecider>().SameRowsForAnyBatches());

        Assert.StartsWith("The projection takes every history: that doesn't hold for OneItemRows after 2 events.", message, StringComparison.Ordinal);
        Assert.Contains("it stopped at event 2, cart.item-added: cart.item-added at position 2 creates document 'ann' of 'carts', which is there already.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_seed_replays() => Assert.Equal(
        Failure(() => Properties.OfProjection<OnceRows>().From<CartDecider>().WithSeed(9).KeepsTheRules()),
        Failure(() => Properties.OfProjection<OnceRows>().From<CartDecider>().WithSeed(9).KeepsTheRules()));

    [Fact]
    public void An_event_that_no_store_takes_has_not_happened() =>
        Properties.OfProjection<TaggedRows>().WithSeed(1).With(Gen.Elements(new string('x', 300), "line\nbreak", "tea")).KeepsTheRules();

    [Fact]
    public void Where_several_deciders_have_the_events_the_one_to_use_must_be_named() => Assert.Equal(
        "Several deciders have the category 'cart': CartDecider, ClosedCart, CountingCart, ImpatientCart, MiscountingCart, MoodyCart, ResentfulCart, ThrowingCart. "
        + "Name the one to use by From<TDecider>().",
        Failure(() => Properties.OfProjection<SoundRows>().KeepsTheRules()));

    [Fact]
    public void A_check_that_led_to_no_row_fails() => Assert.StartsWith(
        "No random history led to a row of SoundRows, so nothing was tried.",
        Failure(() => Properties.OfProjection<SoundRows>().From<ClosedCart>().KeepsTheRules()), StringComparison.Ordinal);

    private static string Failure(Action check) => Assert.Throws<CheckFailedException>(check).Message;
}
