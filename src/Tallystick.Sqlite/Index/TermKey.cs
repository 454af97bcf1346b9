using Tallystick.Events;

namespace Tallystick.Sqlite.Index;

/// <summary>Names one ordered list of events: a tenant's log, a stream, an event type or a tag.</summary>
/// <remarks>
/// A list's entries have ordinals: positions in a log, versions in a stream, and row numbers in the lists of a type or a tag, which have
/// no numbers of their own.
/// </remarks>
internal readonly record struct TermKey
{
    private readonly string _text;
    private readonly string? _streamKey;

    private TermKey(int tenant, char kind, string text, string? streamKey = null) =>
        (Tenant, Kind, _text, _streamKey) = (tenant, kind, text, streamKey);

    public int Tenant { get; }

    private char Kind { get; }

    /// <summary>Whether ordinals count up by one from entry to entry.</summary>
    public bool IsCounted => Kind is 'l' or 's';

    public static TermKey Log(int tenant) => new(tenant, 'l', "");

    public static TermKey Stream(int tenant, StreamId stream) => new(tenant, 's', stream.Category, stream.Key);

    public static TermKey Type(int tenant, string type) => new(tenant, 't', type);

    public static TermKey Tag(int tenant, string tag) => new(tenant, 'g', tag);

    /// <summary>The term as it is stored.</summary>
    public string ToStored() => Kind switch
    {
        'l' => "",
        's' => $"s{_text}-{_streamKey}",
        _ => $"{Kind}{_text}",
    };
}
