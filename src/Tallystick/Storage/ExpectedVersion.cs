using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>What a commit demands of a stream's version before it appends. <c>default</c> is <see cref="Any"/>.</summary>
public readonly record struct ExpectedVersion
{
    private readonly long _versionPlusOne;

    private ExpectedVersion(long versionPlusOne) => _versionPlusOne = versionPlusOne;

    /// <summary>Append whatever the stream's version is.</summary>
    public static ExpectedVersion Any => default;

    /// <summary>Append only if the stream has no event yet.</summary>
    public static ExpectedVersion NoStream => new(1);

    /// <summary>Append only if the stream's last event has this version; 0 is the same as <see cref="NoStream"/>.</summary>
    public static ExpectedVersion Exactly(StreamVersion version) => new(version.Value + 1);

    /// <inheritdoc cref="Exactly(StreamVersion)"/>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative.</exception>
    public static ExpectedVersion Exactly(long version) => Exactly(StreamVersion.Of(version));

    /// <summary>The version that is demanded, or null for <see cref="Any"/>.</summary>
    public StreamVersion? Version => _versionPlusOne == 0 ? null : StreamVersion.Of(_versionPlusOne - 1);

    /// <summary>Whether a stream at this version satisfies the demand.</summary>
    public bool Allows(StreamVersion actual) => _versionPlusOne == 0 || _versionPlusOne - 1 == actual.Value;

    /// <summary>The demand in words, for messages.</summary>
    public override string ToString() => _versionPlusOne switch
    {
        0 => "any version",
        1 => "no stream",
        _ => $"version {_versionPlusOne - 1}",
    };
}
