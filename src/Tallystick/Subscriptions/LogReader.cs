using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// Reads a log page by page, and can begin to read the next page while the present one is dealt with. At most one page is ahead; one that
/// turns out not to be wanted is awaited and dropped, so that no read is ever left running.
/// </summary>
internal sealed class LogReader(IStore store, TenantId tenant, EventQuery? query)
{
    private LogRead _aheadRead;
    private Task<EventPage>? _ahead;

    /// <summary>The next page.</summary>
    public async ValueTask<EventPage> ReadAsync(LogPosition after, int count, CancellationToken cancellationToken)
    {
        var read = new LogRead(after, count, query);
        if (_ahead is { } ahead && _aheadRead == read)
        {
            _ahead = null;
            return await ahead;
        }

        await DropAsync();
        return await store.ReadLogAsync(tenant, read, cancellationToken);
    }

    /// <summary>Begins to read the page that will be asked for next.</summary>
    public void ReadAhead(LogPosition after, int count, CancellationToken cancellationToken)
    {
        _aheadRead = new LogRead(after, count, query);
        _ahead = store.ReadLogAsync(tenant, _aheadRead, cancellationToken).AsTask();
    }

    /// <summary>Lets a page that was read ahead come in and forgets it.</summary>
    public async ValueTask DropAsync()
    {
        if (_ahead is not { } ahead)
            return;
        _ahead = null;
        try
        {
            await ahead;
        }
        catch (Exception)
        {
            // Nobody wants the page any more; if the store is broken, the next read says so.
        }
    }
}
