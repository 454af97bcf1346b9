using FsCheck;
using FsCheck.Fluent;
using Tallystick.Functional;
using Result = Tallystick.Functional.Result;

namespace Tallystick.Tests.Functional;

/// <summary>The laws of a functor and of a monad. A failure prints FsCheck's seed, to be given to <c>Config.WithReplay</c>.</summary>
public sealed class LawsTests
{
    private static Maybe<int> M(int? value) => Maybe.From(value);

    private static Result<int, string> R(int? value) => Result.From(value, () => "none");

    [Fact]
    public void Maybe_obeys_left_identity()
        => Prop.ForAll<int, Func<int, int?>>((value, f) => Maybe.Some(value).Bind(x => M(f(x))) == M(f(value)))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Maybe_obeys_right_identity()
        => Prop.ForAll<int?>(value => M(value).Bind(Maybe.Some) == M(value)).QuickCheckThrowOnFailure();

    [Fact]
    public void Maybe_obeys_associativity()
        => Prop.ForAll<int?, Func<int, int?>, Func<int, int?>>((value, f, g)
                => M(value).Bind(x => M(f(x))).Bind(x => M(g(x))) == M(value).Bind(x => M(f(x)).Bind(y => M(g(y)))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Maybe_maps_identity_and_composition()
        => Prop.ForAll<int?, Func<int, int>, Func<int, int>>((value, f, g)
                => M(value).Map(x => x) == M(value) && M(value).Map(f).Map(g) == M(value).Map(x => g(f(x))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Maybe_survives_the_way_to_a_nullable_and_back()
        => Prop.ForAll<int?>(value => M(value).ToNullable() == value && M(M(value).ToNullable()) == M(value))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Result_obeys_left_identity()
        => Prop.ForAll<int, Func<int, int?>>((value, f)
                => Result.Success<int, string>(value).Bind(x => R(f(x))) == R(f(value)))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Result_obeys_right_identity()
        => Prop.ForAll<int?>(value => R(value).Bind(Result.Success<int, string>) == R(value)).QuickCheckThrowOnFailure();

    [Fact]
    public void Result_obeys_associativity()
        => Prop.ForAll<int?, Func<int, int?>, Func<int, int?>>((value, f, g)
                => R(value).Bind(x => R(f(x))).Bind(x => R(g(x))) == R(value).Bind(x => R(f(x)).Bind(y => R(g(y)))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Result_maps_identity_and_composition()
        => Prop.ForAll<int?, Func<int, int>, Func<int, int>>((value, f, g)
                => R(value).Map(x => x) == R(value) && R(value).Map(f).Map(g) == R(value).Map(x => g(f(x))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Combine_succeeds_exactly_when_all_do_and_loses_nothing()
        => Prop.ForAll<int?[]>(values =>
            {
                var combined = Result.Combine(values.Select((value, i) => Result.From(value, () => i)));
                return combined.TryGet(out var all, out var errors)
                    ? all.SequenceEqual(values.Select(value => value!.Value))
                    : errors.SequenceEqual(Enumerable.Range(0, values.Length).Where(i => values[i] is null));
            })
            .QuickCheckThrowOnFailure();
}
