using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Storage.InMemory;

/// <summary>Fills a page until it has as many events, or as many payload bytes, as it may; one event always fits.</summary>
internal sealed class EventPageBuilder(int count, int payloadBytesMax)
{
    private readonly ImmutableArray<RecordedEvent>.Builder _events = ImmutableArray.CreateBuilder<RecordedEvent>();
    private long _payloadBytes;

    /// <summary>What was added.</summary>
    public ImmutableArray<RecordedEvent> Events => _events.ToImmutable();

    /// <summary>Adds an event; false if it doesn't fit any more.</summary>
    public bool TryAdd(RecordedEvent e)
    {
        if (_events.Count == count || (_events.Count > 0 && _payloadBytes + e.Payload.Length > payloadBytesMax))
            return false;
        _events.Add(e);
        _payloadBytes += e.Payload.Length;
        return true;
    }
}
