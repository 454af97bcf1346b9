using System.Collections.Immutable;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Projections;

namespace Tallystick.AspNetCore;

/// <summary>A page of a list, as it is answered.</summary>
/// <param name="Items">The items.</param>
/// <param name="Next">What to send as <c>after</c> for the next page; null if this was the last.</param>
public sealed record Page<T>(ImmutableArray<T> Items, string? Next);

/// <summary>Pages of read models over HTTP.</summary>
public static class Pages
{
    /// <summary>Reads a page that a caller asked for.</summary>
    /// <exception cref="InvalidInputException">The token of the page before is malformed, or is one of another list.</exception>
    /// <exception cref="ReadModelBehindException">The read model isn't fresh enough before the deadline.</exception>
    public static async ValueTask<ReadModelPage<TDocument>> PageAsync<TDocument>(
        this ReadModelQuery<TDocument> query, PageRequest request, ReadFreshness freshness, CancellationToken cancellationToken)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(query);
        try
        {
            return await query.After(request.After).Take(request.Limit).PageAsync(freshness, cancellationToken);
        }
        catch (ArgumentException error) when (error.ParamName == "token" && request.After is not null)
        {
            throw new InvalidInputException([new ValidationFailure("after", "Send the next of the page before, unchanged, or leave it out.")]);
        }
    }

    /// <summary>The page as it is answered.</summary>
    public static Page<T> Select<TDocument, T>(this ReadModelPage<TDocument> page, Func<ReadModelDocument<TDocument>, T> select)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(page);
        return new Page<T>([.. page.Items.Select(select)], page.Next);
    }
}
