using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tallystick.Tenancy;

/// <summary>
/// Where a tenant's data is kept: in a database that it shares with others, or in one of its own. Written <c>shared:main</c> or
/// <c>dedicated:file</c>.
/// </summary>
[JsonConverter(typeof(PlacementJsonConverter))]
public abstract record Placement
{
    /// <summary>The name of the application's main database, which also holds the catalog of tenants.</summary>
    public const string MainDatabase = "main";

    private const string SharedPrefix = "shared:", DedicatedPrefix = "dedicated:";

    private Placement()
    {
    }

    /// <summary>In the application's main database.</summary>
    public static Placement Main { get; } = new Shared(MainDatabase);

    /// <summary>
    /// A rule that spreads tenants over shared databases by a hash of their ids, so that every node comes to the same answer. Databases that are
    /// added later change where new tenants come, and no others.
    /// </summary>
    /// <param name="databases">The databases' names.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Func<TenantId, Placement> Spread(params ReadOnlySpan<string> databases)
    {
        if (databases.IsEmpty)
            throw new ArgumentException("Name at least one database to spread tenants over.", nameof(databases));
        Shared[] shards = [.. Array.ConvertAll(databases.ToArray(), name => new Shared(name))];
        return tenant => shards[(int)(Hash(tenant.Value) % (uint)shards.Length)];
    }

    /// <summary>Reads <c>shared:NAME</c> or <c>dedicated:KIND</c>; false if the text is neither. Whether there is such a database isn't checked.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Placement? placement)
    {
        placement = text switch
        {
            not null when text.StartsWith(SharedPrefix, StringComparison.Ordinal) => new Shared(text[SharedPrefix.Length..]),
            not null when text.StartsWith(DedicatedPrefix, StringComparison.Ordinal) => new Dedicated(text[DedicatedPrefix.Length..]),
            _ => null,
        };
        return placement is not null;
    }

    /// <summary>In a database that tenants share.</summary>
    /// <param name="Database">Its name, as it was registered by <c>AddDatabase</c>; <see cref="MainDatabase"/> is always there.</param>
    public sealed record Shared(string Database) : Placement
    {
        /// <inheritdoc/>
        public override string ToString() => SharedPrefix + Database;
    }

    /// <summary>In a database of the tenant's own.</summary>
    /// <param name="Kind">What kind of database, as it was registered by <c>AddDedicated</c>.</param>
    public sealed record Dedicated(string Kind) : Placement
    {
        /// <inheritdoc/>
        public override string ToString() => DedicatedPrefix + Kind;
    }

    /// <summary>FNV-1a, 32 bits (draft-eastlake-fnv, section 2): stable, unlike the hash of a string.</summary>
    private static uint Hash(string text)
    {
        var hash = 2166136261;
        foreach (var c in text)
            hash = unchecked((hash ^ c) * 16777619);
        return hash;
    }
}

/// <summary>A placement is a text in JSON.</summary>
internal sealed class PlacementJsonConverter : JsonConverter<Placement>
{
    public override Placement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Placement.TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var placement)
            ? placement : throw new JsonException("A placement is a text such as \"shared:main\" or \"dedicated:file\".");

    public override void Write(Utf8JsonWriter writer, Placement value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
