using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>A simulated world at its end, when everything has settled: what an application's own promises are checked against.</summary>
public sealed class SimulatedWorld
{
    private readonly SimulationCore _core;
    private readonly Observations _observations;
    private readonly ServiceProvider _services;

    internal SimulatedWorld(SimulationCore core, Observations observations, ServiceProvider services) =>
        (_core, _observations, _services) = (core, observations, services);

    /// <summary>The tenants.</summary>
    public IReadOnlyList<TenantId> Tenants => _core.Tenants;

    /// <summary>The commands that were acknowledged to a client, in the order of the answers. Each took effect, once.</summary>
    public IEnumerable<AcknowledgedCommand> Acknowledged => _observations.Commands
        .Where(given => given.Result is CommandResult.Accepted)
        .Select(given => new AcknowledgedCommand(given.Tenant, given.Stream, given.Command, (CommandResult.Accepted)given.Result));

    /// <summary>The application's services, of a process of its own.</summary>
    public IServiceProvider Services => _services;

    /// <summary>A tenant's whole log, as stored.</summary>
    public ImmutableArray<RecordedEvent> Log(TenantId tenant)
    {
        var events = ImmutableArray.CreateBuilder<RecordedEvent>();
        var after = LogPosition.Start;
        while (true)
        {
            var page = _core.Server.Memory.ReadLogAsync(tenant, new LogRead(after, _core.Server.Limits.PageLengthMax), CancellationToken.None).AtOnce();
            if (page.Events.IsEmpty)
                return events.ToImmutable();
            events.AddRange(page.Events);
            after = page.Through;
        }
    }

    /// <summary>A tenant's events as objects of today's types, in the order of the log; those that belong to no registered type are left out.</summary>
    public IEnumerable<(RecordedEvent Recorded, object Event)> Events(TenantId tenant)
    {
        var serializer = _services.GetRequiredService<EventSerializer>();
        return Log(tenant).Where(recorded => serializer.Types.Find(recorded.Type) is not null).Select(recorded => (recorded, serializer.Deserialize(recorded)));
    }

    /// <summary>The documents that readers see, by their keys.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="collection">The collection; null: the one that has documents of this type.</param>
    public IReadOnlyDictionary<string, TDocument> Documents<TDocument>(TenantId tenant, string? collection = null)
        where TDocument : class
    {
        var name = collection ?? _services.GetServices<Projection>().SelectMany(projection => projection.Collections)
            .Single(one => one.DocumentType == typeof(TDocument)).Name;
        return Rows.Of(_core.Server.Memory, tenant, name).ToImmutableSortedDictionary(
            document => document.Key, document => JsonSerializer.Deserialize<TDocument>(document.Body.Span, EventSerializer.DefaultOptions)!, StringComparer.Ordinal);
    }

    /// <summary>Something that must hold.</summary>
    /// <exception cref="CheckFailedException">It doesn't.</exception>
    public static void Demand(bool holds, string message)
    {
        if (!holds)
            throw new CheckFailedException(message);
    }
}

/// <summary>A command that took effect, as its client was told.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Command">The command.</param>
/// <param name="Result">The answer.</param>
public sealed record AcknowledgedCommand(TenantId Tenant, StreamId Stream, object Command, CommandResult.Accepted Result);
