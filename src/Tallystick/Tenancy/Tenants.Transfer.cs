using System.Security.Claims;
using Tallystick.Commands;
using Tallystick.Storage;
using Tallystick.Tenancy.Databases;
using Tallystick.Tenancy.Moving;

namespace Tallystick.Tenancy;

// A tenant's way into a file and out of one. The catalog records both: who was given the data, and where a tenant's data came from.
public sealed partial class Tenants
{
    /// <summary>
    /// Writes all that there is of a tenant at one moment to one file, while it is in use; see <see cref="TenantExport"/>. That is recorded in the
    /// catalog first. A tenant that is suspended, or deleted and not yet erased, can be exported too.
    /// </summary>
    /// <param name="id">The tenant.</param>
    /// <param name="destination">Takes the file; nothing is written unless the answer is <see cref="CommandResult.Accepted"/>. It stays open.</param>
    /// <param name="by">Who is given the data, for the record and for policies; null if nobody is known.</param>
    /// <param name="cancellationToken">Cancels; what was written is no whole file then, and an import says so.</param>
    /// <exception cref="ArgumentException">The id is <c>default</c> or <see cref="TenantId.Platform"/>.</exception>
    /// <exception cref="TallystickException">The store failed; or, transient, the tenant was moved or exported by others meanwhile.</exception>
    public async ValueTask<CommandResult> ExportAsync(TenantId id, Stream destination, ClaimsPrincipal? by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var result = await ExecuteAsync(id, new TenantCommand.Export(), by, cancellationToken);
        if (result is CommandResult.Accepted)
            await TenantExport.WriteAsync(_store, id, destination, progress: null, cancellationToken);
        return result;
    }

    /// <summary>
    /// Makes a tenant of an exported file, under the same id or another: positions, versions, times and hashes are kept. Nobody can use the tenant
    /// before all of it was verified. If the import fails, nothing is left of it; if it was killed, the tenant stays
    /// <see cref="TenantStatus.Importing"/>, and the import can be repeated or the tenant deleted.
    /// </summary>
    /// <param name="id">The new tenant, which must not exist nor have existed.</param>
    /// <param name="name">The name to show.</param>
    /// <param name="source">The file, read from where it stands; it stays open.</param>
    /// <param name="placement">Where its data is kept; null: where the application's rule says.</param>
    /// <param name="by">Who does it, for the record and for policies; null if nobody is known.</param>
    /// <param name="cancellationToken">Cancels; what was imported is erased.</param>
    /// <exception cref="ArgumentException">The id is <c>default</c> or <see cref="TenantId.Platform"/>.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, cut off, another version's or no exported tenant; the message says which.</exception>
    /// <exception cref="LimitExceededException">Something exceeds a limit of the store, which is lower than where the tenant comes from.</exception>
    /// <exception cref="InvalidOperationException">The database has a tenant of this id, which isn't this catalog's.</exception>
    /// <exception cref="TallystickException">The store failed, or another import into this id has taken over.</exception>
    public async ValueTask<CommandResult> ImportAsync(
        TenantId id, string name, Stream source, Placement? placement, ClaimsPrincipal? by, CancellationToken cancellationToken)
    {
        DemandNameable(id);
        ArgumentNullException.ThrowIfNull(source);
        var attempt = _services.Ids.NewId();
        var isRepetition = (await LoadAsync(id, cancellationToken)).Status == TenantStatus.Importing;
        var begun = await RecordAsync(id, new TenantCommand.BeginImport(name, placement, attempt), by, cancellationToken);
        if (begun is not CommandResult.Accepted)
            return begun;
        var place = (await LoadAsync(id, cancellationToken)).Placement;
        var file = await ReadAsync(id, place, source, isRepetition, attempt, cancellationToken);
        var end = new TenantCommand.EndImport(attempt, file.Tenant, file.Position.Value, file.Root.ToString());
        var ended = await RecordAsync(id, end, by, cancellationToken);
        if (ended is CommandResult.Accepted)
            return ended;
        // Another import has taken over, or the tenant was deleted: what was imported here is nobody's.
        await EraseAsync(id, place, cancellationToken);
        return ended;
    }

    private async ValueTask<TenantFile> ReadAsync(
        TenantId id, Placement place, Stream source, bool isRepetition, Guid attempt, CancellationToken cancellationToken)
    {
        try
        {
            using var use = await UseAsync(id, place, cancellationToken);
            // One that was killed may have left what is verified, and open, but in the catalog it wasn't yet: nobody has used it.
            if (isRepetition)
                await TenantErasure.RunAsync(use.Store!, id, null, cancellationToken);
            return await TenantImport.ReadAsync(source, use.Store!, id, progress: null, entropy: null, cancellationToken);
        }
        catch
        {
            await AbandonAsync(id, place, attempt);
            throw;
        }
    }

    /// <summary>Takes the tenant out of the catalog again, if nothing is left of it. Otherwise it stays there, to be imported again or deleted.</summary>
    private async ValueTask AbandonAsync(TenantId id, Placement place, Guid attempt)
    {
        try
        {
            // The caller's token may be what has ended the import; each call is bounded by the store.
            using (var use = await UseAsync(id, place, CancellationToken.None))
            {
                if (await use.Store!.ReadTenantAsync(id, CancellationToken.None) != TenantStorage.None)
                    return;
            }

            var isMine = (await _directory.ReadAsync(id, CancellationToken.None)).Record.Import == attempt;
            if (isMine && place is Placement.Dedicated(var kind))
                await _removeFilesAsync(kind, id, CancellationToken.None);
            await _directory.RecordAsync(id, new TenantCommand.AbandonImport(attempt), CancellationToken.None);
        }
        catch (TallystickException)
        {
            // What has failed before is what the caller must hear of.
        }
    }

    private async ValueTask EraseAsync(TenantId id, Placement place, CancellationToken cancellationToken)
    {
        using var use = await UseAsync(id, place, cancellationToken);
        await TenantErasure.RunAsync(use.Store!, id, null, cancellationToken);
    }

    private ValueTask<DatabaseUse> UseAsync(TenantId id, Placement place, CancellationToken cancellationToken) =>
        _store is PlacedStore placed ? placed.UseAsync(place, id, cancellationToken) : new(new DatabaseUse(_store));
}
