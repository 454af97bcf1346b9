using System.Text.Json.Nodes;
using Tallystick.Events;
using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Machines;

public sealed class UpcasterPropertiesTests
{
    [Fact]
    public void Old_events_are_read_as_todays_through_the_whole_chain() => Properties.OfUpcasters(new SplitName(), new AddCountry())
        .Lift<PersonV1, PersonRegistered>((old, today) => $"{today.First} {today.Last}".Trim() == old.Name.Trim() && today.Country == "??")
        .Lift<PersonV2, PersonRegistered>((old, today) => today.First == old.First)
        .LiftJson("""{"name":"Ann Baker"}""", new PersonRegistered("Ann", "Baker", "??"));

    [Fact]
    public void An_upcaster_that_fails_on_some_old_event_is_found_with_the_simplest()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.OfUpcasters(new SplitNameAtSpace(), new AddCountry()).WithSeed(4).Lift<PersonV1, PersonRegistered>());

        Assert.Equal(
            """
            Events of an older shape are read as events of today: that doesn't hold for person.registered version 1.

            Event person.registered version 1 at position 1 can't be read: Tallystick.Tests.Testing.Machines.SplitNameAtSpace failed on it: Index was outside the bounds of the array.
            It was stored as {"name":""}

            The old event:
              new PersonV1("")
            """, failure.Message[..failure.Message.IndexOf("\n\nFound in run", StringComparison.Ordinal)]);
    }

    [Fact]
    public void What_is_demanded_of_the_event_read_is_shown_when_it_is_false()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.OfUpcasters(new SplitName(), new AddCountry())
            .Lift<PersonV1, PersonRegistered>((old, today) => today.First == old.Name));

        Assert.Contains("for which this is false: (old, today) => today.First == old.Name", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stored_json_that_is_read_as_something_else_is_shown_part_by_part()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Properties.OfUpcasters(new SplitName(), new AddCountry())
            .LiftJson("""{"name":"Ann Baker"}""", new PersonRegistered("Ann", "Cole", "??")));

        Assert.Contains(".Last: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("""It was stored as {"name":"Ann Baker"}""", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_with_a_missing_step_is_refused_with_the_reason() => Assert.Contains(
        "a step is missing", Assert.Throws<CheckFailedException>(() => Properties.OfUpcasters(new SplitName()).Lift<PersonV1, PersonRegistered>()).Message, StringComparison.Ordinal);
}

/// <summary>The shape of the first version, kept for the tests.</summary>
public sealed record PersonV1(string Name);

[EventType("person.registered", Version = 2)]
public sealed record PersonV2(string First, string Last);

[EventType("person.registered", Version = 3)]
public sealed record PersonRegistered(string First, string Last, string Country);

public sealed class SplitName() : Upcaster("person.registered", 1, 2)
{
    public override JsonObject Upcast(JsonObject payload)
    {
        var parts = payload["name"]!.GetValue<string>().Trim().Split(' ', 2);
        return new JsonObject { ["first"] = parts[0], ["last"] = parts.Length > 1 ? parts[1] : "" };
    }
}

/// <summary>Forgets that some have one name only.</summary>
public sealed class SplitNameAtSpace() : Upcaster("person.registered", 1, 2)
{
    public override JsonObject Upcast(JsonObject payload)
    {
        var parts = payload["name"]!.GetValue<string>().Split(' ');
        return new JsonObject { ["first"] = parts[0], ["last"] = parts[1] };
    }
}

public sealed class AddCountry() : Upcaster("person.registered", 2, 3)
{
    public override JsonObject Upcast(JsonObject payload)
    {
        payload["country"] = "??";
        return payload;
    }
}
