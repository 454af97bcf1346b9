using Tallystick.Functional;

namespace Tallystick.Tests.Functional;

public sealed class MaybeTests
{
    [Fact]
    public void Default_is_none()
    {
        Maybe<string> maybe = default;

        Assert.True(maybe.IsNone);
        Assert.False(maybe.IsSome);
        Assert.False(maybe.TryGet(out _));
        Assert.Equal(Maybe<string>.None, maybe);
        Assert.Equal("none", maybe.Match(value => value, () => "none"));
        Assert.All(new Maybe<int>[3], element => Assert.True(element.IsNone));
    }

    [Fact]
    public void Some_of_the_types_default_is_not_none()
    {
        Assert.True(Maybe.Some(0).IsSome);
        Assert.NotEqual(Maybe<int>.None, Maybe.Some(0));
    }

    [Fact]
    public void Some_of_null_is_refused_and_the_message_says_what_to_do()
    {
        var error = Assert.Throws<ArgumentNullException>(() => Maybe.Some<string>(null!));

        Assert.Contains("String", error.Message, StringComparison.Ordinal);
        Assert.Contains("Maybe.From", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Map_to_null_is_refused_rather_than_slipped_through()
        => Assert.Throws<ArgumentNullException>(() => Maybe.Some(1).Map<string>(_ => null!));

    [Fact]
    public void From_null_is_none_and_from_a_value_is_some()
    {
        string? noText = null;
        int? noNumber = null;
        int? number = 0;

        Assert.Equal(Maybe<string>.None, Maybe.From(noText));
        Assert.Equal(Maybe<int>.None, Maybe.From(noNumber));
        Assert.Equal(Maybe.Some("a"), Maybe.From("a"));
        Assert.Equal(Maybe.Some(0), Maybe.From(number));
    }

    [Fact]
    public void ToNullable_gives_a_nullable_reference_or_a_nullable_value()
    {
        string? text = Maybe.Some("a").ToNullable();
        int? number = Maybe.Some(0).ToNullable();

        Assert.Equal("a", text);
        Assert.Equal(0, number);
        Assert.Null(Maybe.None<string>().ToNullable());
        Assert.Null(Maybe.None<int>().ToNullable());
    }

    [Fact]
    public void None_calls_no_function()
    {
        var none = Maybe.None<int>();

        Assert.True(none.Map<string>(_ => throw new InvalidOperationException()).IsNone);
        Assert.True(none.Bind<string>(_ => throw new InvalidOperationException()).IsNone);
        Assert.True(none.Filter(_ => throw new InvalidOperationException()).IsNone);
    }

    [Fact]
    public void Filter_keeps_what_the_predicate_holds_for()
    {
        Assert.Equal(Maybe.Some(4), Maybe.Some(4).Filter(value => value > 3));
        Assert.True(Maybe.Some(3).Filter(value => value > 3).IsNone);
    }

    [Fact]
    public void A_fallback_is_called_only_for_none()
    {
        Assert.Equal(4, Maybe.Some(4).GetValueOr(5));
        Assert.Equal(5, Maybe.None<int>().GetValueOr(5));
        Assert.Equal(4, Maybe.Some(4).GetValueOr(() => throw new InvalidOperationException()));
        Assert.Equal(5, Maybe.None<int>().GetValueOr(() => 5));
        Assert.Equal(Maybe.Some(4), Maybe.Some(4).OrElse(() => throw new InvalidOperationException()));
        Assert.Equal(Maybe.Some(5), Maybe.None<int>().OrElse(() => Maybe.Some(5)));
    }

    [Fact]
    public void ToResult_names_the_error_for_none()
    {
        Assert.Equal(Result.Success<int, string>(4), Maybe.Some(4).ToResult(() => "missing"));
        Assert.Equal(Result.Failure<int, string>("missing"), Maybe.None<int>().ToResult(() => "missing"));
    }

    [Fact]
    public void Query_syntax_combines_filters_and_projects()
    {
        Maybe<int> Sum(Maybe<int> a, Maybe<int> b, Maybe<int> c)
            => from x in a
               from y in b
               where y > 0
               from z in c
               let xy = x + y
               select xy + z;

        Assert.Equal(Maybe.Some(6), Sum(Maybe.Some(1), Maybe.Some(2), Maybe.Some(3)));
        Assert.True(Sum(Maybe.Some(1), Maybe.Some(0), Maybe.Some(3)).IsNone);
        Assert.True(Sum(Maybe.Some(1), Maybe.Some(2), Maybe.None<int>()).IsNone);
        Assert.True(Sum(Maybe.None<int>(), Maybe.Some(2), Maybe.Some(3)).IsNone);
    }

    [Fact]
    public void ToString_says_whether_there_is_a_value()
    {
        Assert.Equal("Some(4)", Maybe.Some(4).ToString());
        Assert.Equal("None", Maybe.None<int>().ToString());
    }
}
