using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Tallystick.Storage;

namespace Tallystick.Testing.Conformance;

/// <summary>
/// What every implementation of <see cref="IStore"/> must do, as tests that need no test runner. A provider passes if it passes all of them;
/// all that the library does on top of a store relies on nothing else.
/// </summary>
/// <example>
/// <code>
/// foreach (var test in StoreConformance.All)
/// {
///     await using var harness = new MyHarness();
///     if (test.SkipReason(harness) is null)
///         await test.RunAsync(harness);
/// }
/// </code>
/// </example>
public static class StoreConformance
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Lazy<ImmutableArray<ConformanceTest>> Tests = new(() =>
    [
        .. In<CommitConformance>("Commit"), .. In<ReadConformance>("Read"), .. In<QueryConditionConformance>("Query condition"),
        .. In<DocumentConformance>("Document"), .. In<DocumentQueryConformance>("Document query"), .. In<CheckpointConformance>("Checkpoint"),
        .. In<LeaseConformance>("Lease"),
        .. In<IdempotencyConformance>("Idempotency"), .. In<SignalConformance>("Signal"), .. In<TenancyConformance>("Tenancy"),
        .. In<TreeConformance>("Tree"), .. In<LimitConformance>("Limit"), .. In<ConcurrencyConformance>("Concurrency"),
        .. In<LifetimeConformance>("Lifetime"), .. In<CrashConformance>("Crash"), .. In<ModelConformance>("Model"),
        .. In<AdoptionConformance>("Adoption"), .. In<FenceConformance>("Fence"), .. In<JournalConformance>("Journal"),
        .. In<ErasureConformance>("Erasure"), .. In<InventoryConformance>("Inventory"),
    ]);

    private static readonly Lazy<Dictionary<string, ConformanceTest>> ByText = new(() => All.ToDictionary(test => test.ToString(), StringComparer.Ordinal));

    /// <summary>All tests, always in the same order and with the same names.</summary>
    public static ImmutableArray<ConformanceTest> All => Tests.Value;

    /// <summary>The test with this area and name, as its <see cref="ConformanceTest.ToString"/> gives them: for runners that keep texts.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ConformanceTest Get(string test) => ByText.Value.TryGetValue(test, out var found) ? found : throw new ArgumentException(
        $"There is no conformance test '{test}'. StoreConformance.All has them, each named '<area>: <name>'.", nameof(test));

    private static IEnumerable<ConformanceTest> In<TArea>(string area)
        where TArea : ConformanceArea, new() =>
        from method in typeof(TArea).GetMethods(Declared)
        let mark = method.GetCustomAttribute<ConformanceAttribute>()
        where mark is not null
        // The order of the source, which reflection doesn't promise otherwise.
        orderby method.MetadataToken
        from arguments in Rows(method)
        select new ConformanceTest(area, Sentence(method, arguments), mark.Needs, static () => new TArea(), method, arguments);

    private static IEnumerable<object?[]> Rows(MethodInfo method)
    {
        if (method.GetParameters().Length == 0)
            return [[]];
        return method.GetCustomAttribute<RowsAttribute>() is { } table
            ? table.Texts.Select(text => new object?[] { text })
            : method.GetCustomAttributes<RowAttribute>().Select(row => row.Arguments);
    }

    private static string Sentence(MethodInfo method, object?[] arguments)
    {
        var sentence = method.Name.Replace('_', ' ');
        return arguments switch
        {
            [] => sentence,
            [string text] => $"{sentence} ({text})",
            _ => $"{sentence} ({string.Join(", ", method.GetParameters().Zip(arguments, (parameter, argument) => $"{parameter.Name}: {Text(argument)}"))})",
        };
    }

    private static string Text(object? argument) => argument switch
    {
        null => "none",
        string text => $"\"{text}\"",
        bool yes => yes ? "yes" : "no",
        long[] numbers => $"[{string.Join(", ", numbers)}]",
        _ => string.Create(CultureInfo.InvariantCulture, $"{argument}"),
    };
}
