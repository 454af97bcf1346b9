using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Tests.Events;

/// <summary>Which events a query matches.</summary>
public sealed class EventQueryTests
{
    public static TheoryData<string, EventQuery, string, string, bool> Table => new()
    {
        { "all", EventQuery.All, "a", "", true },
        { "a tag that is there", EventQuery.Tagged("x:1"), "a", "x:1,y:2", true },
        { "a tag that isn't", EventQuery.Tagged("x:1"), "a", "x:2", false },
        { "no tags", EventQuery.Tagged("x:1"), "a", "", false },
        { "tags in another case", EventQuery.Tagged("x:1"), "a", "X:1", false },
        { "the beginning of a tag", EventQuery.Tagged("x:1"), "a", "x:10", false },
        { "all tags needed", EventQuery.Tagged("x:1", "y:2"), "a", "y:2,z:3,x:1", true },
        { "one of two missing", EventQuery.Tagged("x:1", "y:2"), "a", "x:1", false },
        { "one of the types", EventQuery.OfTypes("a", "b"), "b", "", true },
        { "none of the types", EventQuery.OfTypes("a", "b"), "c", "x:1", false },
        { "the beginning of a type", EventQuery.OfTypes("order.placed"), "order.placed-twice", "", false },
        { "type and tag", EventQuery.Tagged("x:1").OfType("a"), "a", "x:1", true },
        { "type without the tag", EventQuery.Tagged("x:1").OfType("a"), "a", "x:2", false },
        { "tag without the type", EventQuery.Tagged("x:1").OfType("a"), "b", "x:1", false },
        { "a second type", EventQuery.Tagged("x:1").OfType("a").OfType("b"), "b", "x:1", true },
        { "all narrowed to a type", EventQuery.All.OfType("a"), "b", "", false },
        { "the first alternative", EventQuery.OfTypes("a").Or(EventQuery.Tagged("x:1")), "a", "", true },
        { "the second alternative", EventQuery.OfTypes("a").Or(EventQuery.Tagged("x:1")), "b", "x:1", true },
        { "neither alternative", EventQuery.OfTypes("a").Or(EventQuery.Tagged("x:1")), "b", "x:2", false },
        { "alternatives aren't mixed", EventQuery.Tagged("x:1").OfType("a").Or(EventQuery.Tagged("y:2").OfType("b")), "a", "y:2", false },
        { "or everything", EventQuery.Tagged("x:1").Or(EventQuery.All), "a", "", true },
        { "everything or", EventQuery.All.Or(EventQuery.Tagged("x:1")), "a", "", true },
        { "a type given by its attribute", EventQuery.All.OfType<EventSerializerTests.Bare>(), "order.bare", "", true },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_query_matches_by_type_and_tags(string what, EventQuery query, string type, string tags, bool expected) =>
        Assert.True(expected == query.Matches(type, [.. tags.Split(',', StringSplitOptions.RemoveEmptyEntries)]), what);

    [Fact]
    public void An_event_whose_tags_were_never_set_has_none()
    {
        Assert.False(EventQuery.Tagged("x:1").Matches("a", default));
        Assert.True(EventQuery.OfTypes("a").Matches("a", default));
        Assert.True(EventQuery.All.Matches("a", default));
    }

    [Fact]
    public void Nothing_named_is_refused_and_not_everything()
    {
        Assert.Throws<ArgumentException>(() => EventQuery.Tagged());
        Assert.Throws<ArgumentException>(() => EventQuery.OfTypes());
    }

    [Fact]
    public void Queries_are_equal_by_what_they_say()
    {
        static EventQuery Make() => EventQuery.Tagged("x:1", "y:2").OfType("a").Or(EventQuery.OfTypes("b"));
        Assert.Equal(Make(), Make());
        Assert.Equal(Make().GetHashCode(), Make().GetHashCode());
        Assert.NotEqual(Make(), EventQuery.Tagged("x:1").OfType("a").Or(EventQuery.OfTypes("b")));
        Assert.NotEqual(EventQuery.Tagged("a"), EventQuery.OfTypes("a"));
        Assert.Equal("a tagged x:1, y:2 or b", Make().ToString());
        Assert.Equal("every event", EventQuery.All.ToString());
    }
}
