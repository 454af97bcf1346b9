using System.Collections.Frozen;
using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Functional;
using Tallystick.Tenancy;
using Tallystick.Testing;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Tests.Testing.Generation;

public sealed class GeneratorTests
{
    [Fact]
    public void Every_part_of_a_type_takes_different_values_also_nasty_ones()
    {
        var generator = Generator.Of<Everything>();
        var values = Enumerable.Range(0, 300).Select(seed => generator.Sample((long)seed, 100)).ToArray();

        foreach (var property in typeof(Everything).GetProperties())
            Assert.True(values.Select(value => CSharpText.Of(property.GetValue(value))).Distinct().Count() > 1, property.Name);
        Assert.Contains(values, value => value.Text.Length == 0);
        Assert.Contains(values, value => value.Text.Length > 50);
        Assert.Contains(values, value => value.Whole == int.MaxValue);
        Assert.Contains(values, value => value.Note is null);
        Assert.Contains(values, value => value.Perhaps is null);
        Assert.Contains(values, value => value.Maybe.IsNone);
        Assert.Contains(values, value => value.Items.IsEmpty);
        Assert.Contains(values, value => value.Items.Length > 2);
        Assert.All(values, value => Assert.NotNull(value.Text));
        Assert.Equal([typeof(Circle), typeof(Dot), typeof(Group)], values.Select(value => value.Shape.GetType()).Distinct().OrderBy(type => type.Name));
    }

    [Fact]
    public void The_same_seed_gives_the_same_value()
    {
        var (one, other) = (Generator.Of<Everything>(), Generator.Of<Everything>());

        for (var seed = 0L; seed < 50; seed++)
            Assert.Equal(CSharpText.Of(one.Sample(seed)), CSharpText.Of(other.Sample(seed)));
        Assert.NotEqual(CSharpText.Of(one.Sample(1)), CSharpText.Of(one.Sample(2)));
    }

    [Fact]
    public void Shrinking_ends_at_the_simplest_value_and_never_repeats_one()
    {
        var generator = Generator.Of<Everything>();
        for (var seed = 0L; seed < 6; seed++)
        {
            var (value, steps) = (generator.Sample(seed, 100), 0);
            while (generator.Shrink(value).FirstOrDefault() is { } simpler)
            {
                Assert.NotEqual(CSharpText.Of(value), CSharpText.Of(simpler));
                value = simpler;
                Assert.True(++steps < 1000, $"seed {seed}");
            }

            Assert.Equal("", value.Text);
            Assert.Equal(0, value.Whole);
            Assert.Empty(value.Items);
            Assert.Null(value.Note);
        }
    }

    [Fact]
    public void A_command_that_checks_itself_is_valid_and_so_is_what_is_simpler()
    {
        var generator = Generator.Of<Transfer>();
        for (var seed = 0L; seed < 50; seed++)
        {
            var command = generator.Sample(seed, 100);
            Assert.Empty(command.Validate());
            Assert.All(generator.Shrink(command), simpler => Assert.Empty(simpler.Validate()));
        }
    }

    [Fact]
    public void A_validation_that_nothing_passes_is_told_with_what_it_refused_and_what_to_supply()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Generator.Of<Voucher>().Sample(1));

        Assert.Matches(
            """
            ^No valid Voucher was found in 500 tries\. Its validation refused the last one, new Voucher\(.*\):
              code: Use a code of this year's list\.
            Supply what can't be guessed: \.WithPool\("code", …\) with values that are allowed there, or \.With<Voucher>\(a Gen of FsCheck's\) that makes whole ones\.$
            """, failure.Message);
    }

    [Fact]
    public void What_can_not_be_guessed_is_supplied_by_a_pool_or_a_generator()
    {
        Assert.Equal("X-7731", Generator.Of<Voucher>(GenerationOptions.Default.WithPool("Code", "X-7731")).Sample(1).Code);
        Assert.Equal("X-7731", Generator.Of<Voucher>(GenerationOptions.Default.With(Gen.Constant(new Voucher("X-7731", 1)))).Sample(1).Code);
        var ints = GenerationOptions.Default.With(Gen.Choose(70, 79).ToArbitrary());
        Assert.InRange(Generator.Of<CartLike>(ints).Sample(1).Count, 70, 79);
    }

    [Fact]
    public void A_validator_from_outside_counts_as_the_commands_own_check() => Assert.All(
        Enumerable.Range(0, 100).Select(seed => Generator.Of<CartLike>(GenerationOptions.Default.With(new OnlyEven())).Sample((long)seed)),
        command => Assert.Equal(0, command.Count % 2));

    [Fact]
    public void A_validation_that_throws_is_told_with_the_value()
    {
        var failure = Assert.Throws<CheckFailedException>(() => Generator.Of<Careless>().Sample(1));

        Assert.StartsWith("The validation of Careless threw instead of telling what is wrong: InvalidOperationException: oops\nIt was given new Careless(", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_constructor_may_refuse_values_but_not_all()
    {
        Assert.All(Enumerable.Range(0, 100), seed => Assert.True(Generator.Of<Percentage>().Sample((long)seed).Value is >= 1 and <= 100));
        Assert.StartsWith(
            "The constructor of Never refused 200 generated values; the last with: no.",
            Assert.Throws<CheckFailedException>(() => Generator.Of<Never>().Sample(1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(Hidden), "Hidden has no public constructor")]
    [InlineData(typeof(IOpen), "IOpen is abstract, and no type in Tallystick.Tests that can be made derives from it.")]
    [InlineData(typeof(object), "A value of type object could be anything.")]
    public void A_type_that_can_not_be_generated_is_refused_with_what_to_supply(Type type, string message) => Assert.StartsWith(
        message,
        Assert.Throws<InvalidOperationException>(() => new ValueGenerator(type, GenerationOptions.Default).Next(new SeededEntropy(1), new ValueMemory(), 50)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Values_of_a_field_are_used_again_in_the_same_run_mostly()
    {
        var (generator, entropy, memory) = (Generator.Of<Transfer>(), new SeededEntropy(1), new ValueMemory());
        var currencies = Enumerable.Range(0, 100).Select(_ => generator.Next(entropy, memory).Amounts.Length > 0).Count(any => any);
        var targets = Enumerable.Range(0, 100).Select(_ => generator.Next(entropy, memory).Target).ToArray();

        Assert.InRange(targets.Distinct().Count(), 2, 50);
        Assert.InRange(currencies, 10, 100);
    }

    [Fact]
    public void A_generator_serves_in_properties_of_fschecks() =>
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true), Prop.ForAll(Generator.Of<Transfer>().ToArbitrary(), transfer => !transfer.Validate().Any()));

    [Fact]
    public void Commands_of_a_decider_known_only_at_run_time_are_generated()
    {
        Decider decider = new Machines.CartDecider();
        var generator = CommandGenerator.For(decider);
        var (entropy, memory) = (new SeededEntropy(1), new ValueMemory());
        var commands = Enumerable.Range(0, 200).Select(_ => generator.Next(entropy, memory)).ToArray();

        Assert.Equal([typeof(Machines.AddItem), typeof(Machines.RemoveItem)], generator.CommandTypes);
        Assert.Equal(generator.CommandTypes, commands.Select(command => command.GetType()).Distinct().OrderBy(type => type.Name));
        Assert.All(commands.OfType<Machines.AddItem>(), add => Assert.Empty(add.Validate()));
        var added = commands.OfType<Machines.AddItem>().Select(add => add.Sku).ToHashSet();
        Assert.InRange(commands.OfType<Machines.RemoveItem>().Count(remove => added.Contains(remove.Sku)), 40, 200);
        Assert.Equal(CSharpText.Of(generator.Sample(5)), CSharpText.Of(generator.Sample(5)));
    }
}
