using System.Globalization;
using Tallystick.Testing.Conformance;
using Xunit.Sdk;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>The suite with one provider: each of its tests is a test of its own here, with its own databases.</summary>
public abstract class StoreConformanceTests<THarness>
    where THarness : StoreHarness, new()
{
    public static IEnumerable<TheoryDataRow<string>> Tests() => StoreConformance.All.Select(test => new TheoryDataRow<string>(test.ToString())
    {
        TestDisplayName = $"{typeof(THarness).Name.Replace("Harness", "", StringComparison.Ordinal)}: {test}",
        Label = "",
        Skip = test.SkipReason(new THarness()),
    });

    [Theory]
    [MemberData(nameof(Tests))]
    public async Task The_store_conforms(string test)
    {
        await using var harness = new THarness();
        var options = new ConformanceOptions
        {
            Seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { Length: > 0 } seed ? long.Parse(seed, CultureInfo.InvariantCulture) : null,
            Log = line => TestContext.Current.TestOutputHelper?.WriteLine(line),
        };
        await StoreConformance.Get(test).RunAsync(harness, options, TestContext.Current.CancellationToken);
    }
}
