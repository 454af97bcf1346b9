using System.Collections.Immutable;
using System.Diagnostics.Contracts;
using System.Reflection;
using Tallystick.Functional;
using Outcome = Tallystick.Functional.Result<int, string>;

namespace Tallystick.Tests.Functional;

public sealed class ResultTests
{
    private static readonly Outcome Four = Outcome.Success(4);
    private static readonly Outcome Bad = Outcome.Failure("bad");

    [Fact]
    public void Default_is_null_and_so_neither_success_nor_failure()
    {
        Assert.True(typeof(Outcome).IsClass);
        Assert.Null(default(Outcome));
        Assert.Throws<NullReferenceException>(() => (new Outcome[1])[0].IsSuccess);
        Assert.Empty(typeof(Outcome).GetConstructors());
    }

    [Fact]
    public void Null_is_refused_as_value_and_as_error()
    {
        Assert.Contains("Maybe<String>", Assert.Throws<ArgumentNullException>(() => Result.Success<string, int>(null!)).Message,
            StringComparison.Ordinal);
        Assert.Contains("says why", Assert.Throws<ArgumentNullException>(() => Result.Failure<int, string>(null!)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Four.Map<string>(_ => null!));
        Assert.Throws<ArgumentNullException>(() => Bad.MapError<string>(_ => null!));
    }

    [Fact]
    public void TryGet_gives_the_value_or_the_error()
    {
        Assert.True(Four.TryGet(out var value, out _));
        Assert.Equal(4, value);
        Assert.False(Bad.TryGet(out _, out var error));
        Assert.Equal("bad", error);
        Assert.True(Four.TryGet(out value));
        Assert.False(Four.TryGetError(out _));
        Assert.True(Bad.TryGetError(out error));
        Assert.Equal("bad", error);
        Assert.True(Four.IsSuccess && !Four.IsFailure && Bad.IsFailure && !Bad.IsSuccess);
    }

    [Fact]
    public void Map_and_bind_change_only_a_success_and_map_error_only_a_failure()
    {
        Assert.Equal(Result.Success<string, string>("4"), Four.Map(value => $"{value}"));
        Assert.Equal(Result.Failure<string, string>("bad"), Bad.Map<string>(_ => throw new InvalidOperationException()));
        Assert.Equal(Bad, Four.Bind(_ => Bad));
        Assert.Equal(Bad, Bad.Bind<int>(_ => throw new InvalidOperationException()));
        Assert.Equal(Result.Failure<int, int>(3), Bad.MapError(error => error.Length));
        Assert.Equal(Result.Success<int, int>(4), Four.MapError<int>(_ => throw new InvalidOperationException()));
    }

    [Fact]
    public void Match_answers_from_either_side()
    {
        Assert.Equal("4", Four.Match(value => $"{value}", error => error));
        Assert.Equal("bad", Bad.Match(value => $"{value}", error => error));
    }

    [Fact]
    public void Filter_fails_a_success_for_which_the_predicate_does_not_hold()
    {
        Assert.Equal(Four, Four.Filter(value => value > 3, value => $"{value} is small"));
        Assert.Equal(Outcome.Failure("4 is small"), Four.Filter(value => value > 4, value => $"{value} is small"));
        Assert.Equal(Bad, Bad.Filter(_ => throw new InvalidOperationException(), _ => throw new InvalidOperationException()));
    }

    [Fact]
    public void GetValueOr_falls_back_on_failure()
    {
        Assert.Equal(4, Four.GetValueOr(5));
        Assert.Equal(5, Bad.GetValueOr(5));
        Assert.Equal(3, Bad.GetValueOr(error => error.Length));
    }

    [Fact]
    public void Nullables_convert_both_ways()
    {
        string? noText = null;
        int? number = 0;

        Assert.Equal(Result.Failure<string, int>(7), Result.From(noText, () => 7));
        Assert.Equal(Result.Success<int, string>(0), Result.From(number, () => "none"));
        int? value = Four.ToNullable();
        string? text = Result.Success<string, int>("a").ToNullable();
        Assert.Equal(4, value);
        Assert.Equal("a", text);
        Assert.Null(Bad.ToNullable());
        Assert.Null(Result.Failure<string, int>(1).ToNullable());
        Assert.Equal(Maybe.Some(4), Four.ToMaybe());
        Assert.True(Bad.ToMaybe().IsNone);
    }

    [Fact]
    public void Query_syntax_stops_at_the_first_failure()
    {
        Outcome Sum(Outcome a, Outcome b)
            => from x in a
               from y in b
               let doubled = y * 2
               select x + doubled;

        Assert.Equal(Outcome.Success(12), Sum(Four, Four));
        Assert.Equal(Bad, Sum(Bad, Outcome.Failure("worse")));
        Assert.Equal(Bad, Sum(Four, Bad));
    }

    [Fact]
    public void Combine_gives_all_values_in_their_order()
    {
        var combined = Result.Combine([Four, Outcome.Success(5)]);

        Assert.True(combined.TryGet(out var values));
        Assert.Equal([4, 5], values);
        Assert.True(Result.Combine(ImmutableArray<Outcome>.Empty).TryGet(out values));
        Assert.Empty(values);
    }

    [Fact]
    public void Combine_keeps_all_errors_in_their_order()
    {
        var combined = Result.Combine([Bad, Four, Outcome.Failure("worse"), Outcome.Failure("bad")]);

        Assert.True(combined.TryGetError(out var errors));
        Assert.Equal(["bad", "worse", "bad"], errors);
    }

    [Fact]
    public void Combine_of_two_to_four_types_gives_a_tuple()
    {
        var text = Result.Success<string, string>("a");
        var flag = Result.Success<bool, string>(true);
        var letter = Result.Success<char, string>('c');

        Assert.Equal((4, "a"), Result.Combine(Four, text).GetValueOr(_ => throw new InvalidOperationException()));
        Assert.Equal((4, "a", true), Result.Combine(Four, text, flag).GetValueOr(_ => throw new InvalidOperationException()));
        Assert.Equal((4, "a", true, 'c'),
            Result.Combine(Four, text, flag, letter).GetValueOr(_ => throw new InvalidOperationException()));
    }

    [Fact]
    public void Combine_of_two_to_four_types_keeps_all_errors()
    {
        var text = Result.Failure<string, string>("two");
        var flag = Result.Failure<bool, string>("three");
        var letter = Result.Failure<char, string>("four");

        Assert.Equal(["bad", "two"], ErrorsOf(Result.Combine(Bad, text)));
        Assert.Equal(["two"], ErrorsOf(Result.Combine(Four, text)));
        Assert.Equal(["bad"], ErrorsOf(Result.Combine(Bad, Four)));
        Assert.Equal(["bad", "two", "three"], ErrorsOf(Result.Combine(Bad, text, flag)));
        Assert.Equal(["three"], ErrorsOf(Result.Combine(Four, Four, flag)));
        Assert.Equal(["bad", "two", "three", "four"], ErrorsOf(Result.Combine(Bad, text, flag, letter)));
        Assert.Equal(["four"], ErrorsOf(Result.Combine(Four, Four, Four, letter)));
    }

    // CA1806 (a warning here, and warnings are errors) reports a dropped result only for methods that are marked [Pure].
    [Theory]
    [InlineData(typeof(Maybe))]
    [InlineData(typeof(Maybe<>))]
    [InlineData(typeof(Result))]
    [InlineData(typeof(Result<,>))]
    public void A_dropped_result_is_reported_because_every_operation_is_marked_pure(Type type)
    {
        var unmarked = type
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(method => method.ReturnType.IsGenericType
                && (method.ReturnType.GetGenericTypeDefinition() == typeof(Maybe<>)
                    || method.ReturnType.GetGenericTypeDefinition() == typeof(Result<,>)))
            .Where(method => !method.IsSpecialName && method.Name != "<Clone>$" && !method.IsDefined(typeof(PureAttribute)))
            .Select(method => method.Name);

        Assert.Empty(unmarked);
    }

    private static ImmutableArray<string> ErrorsOf<T>(Result<T, ImmutableArray<string>> result)
        where T : notnull
        => result.Match(_ => [], errors => errors);
}
