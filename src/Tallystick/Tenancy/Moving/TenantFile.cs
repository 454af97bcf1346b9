using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Tenancy.Moving;

/// <summary>
/// What an exported file says of itself. The file is text in UTF-8, one JSON object a line: the first says what it is and its version, the last how
/// many records there are, the log's last position and root, and the SHA-256 of all bytes before it; between them is one record a line.
/// </summary>
/// <remarks>
/// Lines, because they are written and read one at a time, whatever the tenant's size; JSON, because what a tenant has must be readable by anyone, with
/// any tool, in twenty years; a digest at the end, because a file that was cut must be found out. Compress the stream if size matters.
/// Records act in their order, so that an export can be made while the tenant is in use: later ones correct what was copied before it changed.
/// </remarks>
/// <param name="Tenant">The id under which the tenant was exported.</param>
/// <param name="Records">How many records there are, events among them.</param>
/// <param name="Position">The log's last position.</param>
/// <param name="Root">The root of the log's tree.</param>
/// <param name="Digest">The SHA-256 of all bytes before the last line.</param>
public sealed record TenantFile(string Tenant, long Records, LogPosition Position, Hash256 Root, Hash256 Digest)
{
    /// <summary>The version of the format that is written, and the newest that can be read.</summary>
    public const int FormatVersion = 1;

    /// <summary>What the first line says the file is.</summary>
    internal const string Format = "tallystick tenant";
}
