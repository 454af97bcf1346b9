using System.Collections.Immutable;
using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using Tallystick.Projections;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>The queries of a read model whose type is only known at run time.</summary>
internal abstract class DocumentReads
{
    public abstract IEnumerable<LeakOperation> All();
}

/// <summary>The queries of a read model: by key, all of it, page by page, and by each of its indexes in each way.</summary>
internal sealed class DocumentReads<TDocument>(ImmutableArray<string> indexes) : DocumentReads
    where TDocument : class
{
    private static readonly MethodInfo ByIndex = typeof(DocumentReads<TDocument>).GetMethod(nameof(ByIndexAsync), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static string Name => $"Tenant.ReadModels<{CSharpText.TypeName(typeof(TDocument))}>";

    public override IEnumerable<LeakOperation> All()
    {
        yield return new LeakOperation($"{Name}.FindAsync", IsRead: true, async (twin, _, cancellationToken) =>
            await EachAsync(await KeysAsync(twin, cancellationToken), async key =>
                ResultText.Of(await twin.Handle.ReadModels<TDocument>().FindAsync(key, default, cancellationToken))));
        yield return new LeakOperation($"{Name}.FindAsync by the twin's keys", IsRead: true, async (twin, other, cancellationToken) =>
            await EachAsync(await KeysAsync(other, cancellationToken), async key =>
            {
                var found = await twin.Handle.ReadModels<TDocument>().FindAsync(key, default, cancellationToken);
                return ResultText.Of(found.Value); // The key is the one that was asked for.
            }))
        {
            AsksForOther = true,
        };
        yield return new LeakOperation($"{Name}.Query", IsRead: true, async (twin, _, cancellationToken) =>
            ResultText.Of(await twin.Handle.ReadModels<TDocument>().Query().PageAsync(default, cancellationToken)));
        yield return new LeakOperation($"{Name}.Query page by page", IsRead: true, (twin, _, cancellationToken) => PagesAsync(twin, null, cancellationToken));
        yield return new LeakOperation($"{Name}.Query after the twin's page", IsRead: true, async (twin, other, cancellationToken) =>
            await PagesAsync(twin, (await other.Handle.ReadModels<TDocument>().Query().Take(1).PageAsync(default, cancellationToken)).Next, cancellationToken))
        {
            AsksForOther = true,
        };
        yield return new LeakOperation($"{Name}.Query narrowed to the twin", IsRead: true, async (twin, other, cancellationToken) =>
            ResultText.Of(await twin.Handle.ReadModels<TDocument>().Query().OfTenant(other.Id).PageAsync(default, cancellationToken)))
        {
            AsksForOther = true,
        };
        foreach (var index in indexes)
        {
            if (Array.Find(typeof(TDocument).GetProperties(), property => JsonNamingPolicy.CamelCase.ConvertName(property.Name) == index) is not { } property)
                continue;
            yield return OfIndex($"{Name} by {index}", property, isOthers: false);
            yield return OfIndex($"{Name} by the twin's {index}", property, isOthers: true);
        }
    }

    private static LeakOperation OfIndex(string name, PropertyInfo property, bool isOthers) => new(name, IsRead: true, async (twin, other, cancellationToken) =>
    {
        var asked = await (isOthers ? other : twin).Handle.ReadModels<TDocument>().Query().PageAsync(default, cancellationToken);
        var value = asked.Items.Select(item => property.GetValue(item.Value)).FirstOrDefault(value => value is not null);
        return value is null ? "no value" : await (Task<string>)ByIndex.MakeGenericMethod(property.PropertyType).Invoke(null, [twin, property, value, cancellationToken])!;
    })
    {
        AsksForOther = isOthers,
    };

    private static async Task<string> ByIndexAsync<TValue>(Twin twin, PropertyInfo property, TValue value, CancellationToken cancellationToken)
    {
        var document = Expression.Parameter(typeof(TDocument));
        var index = Expression.Lambda<Func<TDocument, TValue>>(Expression.Property(document, property), document);
        var models = twin.Handle.ReadModels<TDocument>();
        return await EachAsync<ReadModelQuery<TDocument>>(
            [
                models.Where(index, value), models.Between(index, value, value), models.OrderBy(index), models.OrderByDescending(index).Take(1),
                models.Query().From(index, value).OrderBy(index), models.Query().Before(index, value),
            ],
            async query => ResultText.Of(await query.PageAsync(default, cancellationToken)));
    }

    private static async Task<ImmutableArray<string>> KeysAsync(Twin twin, CancellationToken cancellationToken) =>
        [.. (await twin.Handle.ReadModels<TDocument>().Query().PageAsync(default, cancellationToken)).Items.Select(item => item.Key).Append("unused")];

    private static async Task<string> PagesAsync(Twin twin, string? after, CancellationToken cancellationToken)
    {
        var pages = new List<string>();
        do
        {
            var page = await twin.Handle.ReadModels<TDocument>().Query().Take(1).After(after).PageAsync(default, cancellationToken);
            pages.Add(ResultText.Of(page));
            after = page.Next;
        }
        while (after is not null);
        return string.Join('\n', pages);
    }

    private static async Task<string> EachAsync<T>(IEnumerable<T> items, Func<T, Task<string>> read)
    {
        var texts = new List<string>();
        foreach (var item in items)
            texts.Add(await read(item));
        return string.Join('\n', texts);
    }
}
