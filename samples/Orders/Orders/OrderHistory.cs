using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Sample.Orders;

/// <summary>An event of an order's history.</summary>
public sealed record HistoryEvent(
    long Version, long Position, string Type, DateTimeOffset At, string? UserId, JsonNode? Data, ImmutableArray<JsonChange> Changes);

/// <summary>A part of an order's history, the oldest first.</summary>
public sealed record HistoryAnswer(ImmutableArray<HistoryEvent> Events, long? Next);

public static class OrderHistory
{
    private const int EventsMax = 1000;

    /// <summary>Each event with what it changed in the state, which is the difference between the JSON of the state before and after it.</summary>
    public static async Task<Results<Ok<HistoryAnswer>, HttpProblem>> GetAsync(
        string id, string? after, string? limit, Tenant tenant, IOptions<JsonOptions> json, CancellationToken cancellationToken)
    {
        var input = new InputReader();
        var seen = input.Version("after", after) ?? StreamVersion.None;
        var count = input.WholeNumber("limit", limit, 1, EventsMax, EventsMax);
        if (seen.Value == long.MaxValue)
            input.Refuse("after", "No stream has so many versions.");
        input.Demand();
        if (!StreamIds.TryMake(OrderDecider.StreamCategory, id, out var stream))
            return OrderQueries.Unknown();

        var page = await tenant.HistoryAsync(stream, seen.Next(), count, cancellationToken);
        if (page.Entries.IsEmpty && (await tenant.StateOf<Order>(stream).NowAsync(cancellationToken)).Version == StreamVersion.None)
            return OrderQueries.Unknown();
        var options = json.Value.SerializerOptions;
        long? next = page.Next is { } version ? version.Value - 1 : null;
        return TypedResults.Ok(new HistoryAnswer([.. page.Entries.Select(entry => Describe(entry, options))], next));
    }

    private static HistoryEvent Describe(HistoryEntry entry, JsonSerializerOptions options)
    {
        var recorded = entry.Recorded;
        return new HistoryEvent(
            recorded.Version.Value, recorded.Position.Value, recorded.Type, recorded.Time, recorded.Metadata.UserId, ToJson(entry.Event, options),
            JsonDifference.Between(ToJson(entry.Before, options), ToJson(entry.After, options)));
    }

    private static JsonNode? ToJson(object value, JsonSerializerOptions options) =>
        JsonSerializer.SerializeToNode(value, value.GetType(), options);
}
