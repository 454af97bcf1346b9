using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Subscriptions;

/// <summary>A store that counts its calls and lets a test wait, look or throw before and after each.</summary>
public sealed class HookedStore(IStore inner) : IStore
{
    private int _calls;

    /// <summary>Called with the operation's name and its number, from 1.</summary>
    public Func<string, int, ValueTask> Before { get; set; } = static (_, _) => ValueTask.CompletedTask;

    public Func<string, int, ValueTask> After { get; set; } = static (_, _) => ValueTask.CompletedTask;

    public int Calls => Volatile.Read(ref _calls);

    public StoreLimits Limits => inner.Limits;

    /// <summary>Fails at a call, before or after it took effect, and at every call from then on: as if the process had died there.</summary>
    public Task DieAt(int call, bool after)
    {
        var died = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ValueTask Check(int number, bool hookIsAfter)
        {
            if (number > call || (number == call && hookIsAfter == after))
            {
                died.TrySetResult();
                throw new TallystickException("The process has died.", isTransient: true);
            }

            return ValueTask.CompletedTask;
        }

        Before = (_, number) => Check(number, false);
        After = (_, number) => Check(number, true);
        return died.Task;
    }

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
        Call("Commit", () => inner.CommitAsync(commit, cancellationToken));

    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        Call("FindCommit", () => inner.FindCommitAsync(tenant, idempotencyKey, cancellationToken));

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Call("ReadHead", () => inner.ReadHeadAsync(tenant, cancellationToken));

    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        Call("ReadStreamVersion", () => inner.ReadStreamVersionAsync(tenant, stream, cancellationToken));

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        Call("ReadStream", () => inner.ReadStreamAsync(tenant, read, cancellationToken));

    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        Call("ReadLog", () => inner.ReadLogAsync(tenant, read, cancellationToken));

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        Call("FindDocuments", () => inner.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken));

    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        Call("QueryDocuments", () => inner.QueryDocumentsAsync(tenant, query, cancellationToken));

    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Call("ReadCheckpoint", () => inner.ReadCheckpointAsync(tenant, name, cancellationToken));

    public async ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        await Call("WaitForPosition", async () =>
        {
            await inner.WaitForPositionAsync(tenant, position, cancellationToken);
            return true;
        });

    public async ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        await Call("WaitForCheckpoint", async () =>
        {
            await inner.WaitForCheckpointAsync(tenant, name, position, cancellationToken);
            return true;
        });

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask<T> Call<T>(string operation, Func<ValueTask<T>> call)
    {
        var number = Interlocked.Increment(ref _calls);
        await Before(operation, number);
        var result = await call();
        await After(operation, number);
        return result;
    }
}
