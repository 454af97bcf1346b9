using System.Buffers.Binary;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>Reads an exported tenant into a store, under the same id or another.</summary>
public static class TenantImport
{
    /// <summary>How the reason of the fence begins behind which a tenant is imported.</summary>
    public const string FencePrefix = "import ";

    /// <summary>
    /// Imports a tenant: all its events with their positions, versions, times, ids and hashes, its documents, checkpoints and remembered results.
    /// Every hash, the root, the number of records and the file's digest are verified; nobody can use the tenant before. An import that fails
    /// leaves nothing behind. What one leaves that was killed is erased by the next into the same id.
    /// </summary>
    /// <param name="source">The file (<see cref="TenantFile"/>), read from where it stands; it stays open.</param>
    /// <param name="store">Where to.</param>
    /// <param name="tenant">The id of the imported tenant, of which the store must have nothing.</param>
    /// <param name="progress">Hears up to which position events are read; null: nobody does.</param>
    /// <param name="entropy">Names this import apart from others; null: the operating system's.</param>
    /// <param name="cancellationToken">Cancels; what was imported is erased.</param>
    /// <exception cref="InvalidDataException">The file is damaged, cut off, another version's or no exported tenant; the message says which.</exception>
    /// <exception cref="InvalidOperationException">The store has a tenant of this id.</exception>
    /// <exception cref="LimitExceededException">Something exceeds a limit of the store, which is lower than where the tenant comes from.</exception>
    /// <exception cref="TallystickException">The store failed, or another import into this id has taken over.</exception>
    public static async ValueTask<TenantFile> ReadAsync(
        Stream source, IStore store, TenantId tenant, IProgress<LogPosition>? progress, Entropy? entropy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(store);
        using var reader = new TenantFileReader(source);
        // A file of something else is refused before anything is touched.
        await reader.BeginAsync(cancellationToken);
        var there = await store.ReadTenantAsync(tenant, cancellationToken);
        if (there.IsErasing || there.Fence?.StartsWith(FencePrefix, StringComparison.Ordinal) == true)
            await TenantErasure.RunAsync(store, tenant, there.Fence, cancellationToken);
        var fence = FencePrefix + Name(entropy ?? Entropy.System);
        await TenantErasure.FenceEmptyAsync(store, tenant, fence, cancellationToken);
        try
        {
            await ReadAsync(reader, store, tenant, fence, progress, cancellationToken);
            (await store.CommitAsync(Commit.For(tenant).Behind(fence).Unfence(), cancellationToken)).Demand();
            return reader.End!;
        }
        catch
        {
            await EraseAsync(store, tenant, fence);
            throw;
        }
    }

    private static async ValueTask ReadAsync(
        TenantFileReader reader, IStore store, TenantId tenant, string fence, IProgress<LogPosition>? progress, CancellationToken cancellationToken)
    {
        var writer = new CopyWriter(store, tenant, fence);
        try
        {
            var position = LogPosition.Start;
            while (await reader.ReadAsync(cancellationToken) is { } record)
            {
                if (record is RecordedEvent e)
                {
                    position = e.Position == position.Next() ? e.Position : throw reader.Damaged($"the event at position {e.Position} follows position {position}");
                    if (position.Value % 1000 == 0)
                        progress?.Report(position);
                }

                await AddAsync(writer, record, cancellationToken);
            }

            await writer.FlushAsync(cancellationToken);
        }
        catch (ArgumentException error) when (error is not LimitExceededException)
        {
            throw new InvalidDataException(reader.Damaged($"in the records up to there, {error.Message}").Message, error);
        }

        var head = await store.ReadHeadAsync(tenant, cancellationToken);
        if (head.Position != reader.End!.Position || head.Tree.Root() != reader.End.Root)
            throw reader.Damaged($"the log ends at position {head.Position} with root {head.Tree.Root()}, but the file's end says {reader.End.Position} and {reader.End.Root}");
        progress?.Report(head.Position);
    }

    private static ValueTask AddAsync(CopyWriter writer, object record, CancellationToken cancellationToken) => record switch
    {
        RecordedEvent e => writer.AddAsync(e, cancellationToken),
        DocumentChange change => writer.AddAsync(change, cancellationToken),
        CheckpointChange change => writer.AddAsync(change, cancellationToken),
        RememberedCommit remembered => writer.AddAsync(remembered, cancellationToken),
        _ => throw new InvalidOperationException("The records are a closed set."),
    };

    /// <summary>Removes a half import. If that fails too, the next import into this id does it.</summary>
    private static async ValueTask EraseAsync(IStore store, TenantId tenant, string fence)
    {
        try
        {
            // The caller's token may be what has ended the import; each commit is bounded by the store.
            await TenantErasure.RunAsync(store, tenant, fence, CancellationToken.None);
        }
        catch (TallystickException)
        {
            // What has failed before is what the caller must hear of.
        }
    }

    private static string Name(Entropy entropy)
    {
        Span<byte> bytes = stackalloc byte[8];
        entropy.Fill(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
    }
}
