using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Testing.Conformance;

/// <summary>Short ways to write events and documents; ids count up, so that a test makes the same ones again.</summary>
internal sealed class TestEvents
{
    private long _lastId;

    /// <summary>The n-th id.</summary>
    public static Guid Id(long n)
    {
        Span<byte> bytes = stackalloc byte[16];
        "TEST"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], n);
        return new Guid(bytes, bigEndian: true);
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static Document Document(string key, string body, params (string Index, IndexValue Value)[] index) =>
        new(key, Bytes(body), [.. index.Select(entry => new IndexEntry(entry.Index, entry.Value))], LogPosition.Start);

    public NewEvent Event(string type = "order.placed", string payload = "{}", params string[] tags) =>
        new(Id(Interlocked.Increment(ref _lastId)), type, 1, Bytes(payload), [.. tags]);

    public NewEvent Event(byte[] payload) => new(Id(Interlocked.Increment(ref _lastId)), "order.placed", 1, payload, []);

    /// <summary>Events whose payloads are the numbers from 1.</summary>
    public ImmutableArray<NewEvent> Many(int count) =>
        [.. Enumerable.Range(1, count).Select(n => Event(payload: n.ToString(System.Globalization.CultureInfo.InvariantCulture)))];
}
