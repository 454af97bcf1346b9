using System.Globalization;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Moving;
using Tallystick.Testing;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;

namespace Tallystick.SimulationTests.Moves;

/// <summary>
/// Moves of a tenant between two stores under a seed: before and after each call that a mover makes, clients write, answers are lost, movers die
/// and others take over, which may be undone or given up. A third store takes every commit that was acknowledged, and in the end the tenant
/// must be the same as there, and open. Everything runs on one thread, one call after the other, so a seed gives one run.
/// </summary>
internal sealed class MoveSimulation
{
    private const int MovesPerRun = 4, AttemptsMax = 60;

    private static readonly TenantId Acme = TenantId.Parse("acme");

    private readonly SeededEntropy _random;
    private readonly InMemoryStore[] _stores = [new(Options()), new(Options()), new(Options())];
    private readonly double _death, _lostAnswer, _writes;
    private int _placement;
    private int _written;
    private bool _isCalm;

    private MoveSimulation(long seed)
    {
        _random = new SeededEntropy(seed);
        (_death, _lostAnswer, _writes) = (_random.Pick(0, 0.01, 0.05), _random.Pick(0, 0.02), _random.Pick(0.2, 0.6, 0.9));
    }

    /// <summary>Takes all that was acknowledged.</summary>
    private InMemoryStore Mirror => _stores[^1];

    /// <summary>Runs a seed; gives what didn't hold, or null.</summary>
    public static string? Run(long seed)
    {
        var simulation = new MoveSimulation(seed);
        try
        {
            // All that it calls answers at once, so nothing is left to wait for.
            simulation.RunAsync().GetAwaiter().GetResult();
            return null;
        }
        catch (Exception error) when (error is CheckFailedException or InvalidOperationException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Seed {seed}: {error.Message}");
        }
    }

    private static StoreOptions Options() => new()
    {
        Time = new StandingClock(), Entropy = new SameBytes(), Limits = new StoreLimits { EventsPerCommitMax = 7, ErasedRowsPerCommitMax = 20, PageLengthMax = 1000 },
    };

    private async Task RunAsync()
    {
        for (var i = _random.Next(0, 60); i > 0; i--)
            await WriteAsync();
        for (var move = 1; move <= MovesPerRun; move++)
        {
            var (source, target) = (_placement, 1 - _placement);
            var isGivenUp = !await GoAsync(source, target, mover => mover.RunAsync(_ => PlaceAsync(target), CancellationToken.None).AsTask(), _random.Chance(0.2) ? 3 : AttemptsMax);
            if (isGivenUp)
                await GoAsync(source, target, mover => mover.AbandonAsync(_ => PlaceAsync(source), CancellationToken.None).AsTask(), AttemptsMax);
            else if (_random.Chance(0.3))
                await GoAsync(source, target, mover => mover.UndoAsync(_ => PlaceAsync(source), CancellationToken.None).AsTask(), AttemptsMax);
            else
                await GoAsync(source, target, mover => mover.ConfirmAsync(CancellationToken.None).AsTask(), AttemptsMax);
            await DemandAsync($"after move {move}");
        }
    }

    /// <summary>Lets one mover after the other try; whether one has done it.</summary>
    private async Task<bool> GoAsync(int source, int target, Func<TenantMove, Task> workAsync, int attempts)
    {
        for (var attempt = 1; attempt <= attempts; attempt++)
        {
            _isCalm = attempt > AttemptsMax / 2;
            try
            {
                await workAsync(new TenantMove(Troubled(_stores[source]), Troubled(_stores[target]), Acme, new TenantMoveOptions { LagMax = 3, RoundsMax = 3 }));
                return true;
            }
            catch (TallystickException)
            {
                await MayWriteAsync();
            }
            catch (InvalidOperationException) when (attempts < AttemptsMax || attempt > 1)
            {
                // Given up too late: it is done already.
                if (await _stores[source].ReadTenantAsync(Acme, CancellationToken.None) is { Fence: TenantMove.MovedFence })
                    return await GoAsync(source, target, mover => mover.RunAsync(_ => PlaceAsync(target), CancellationToken.None).AsTask(), AttemptsMax);
                throw;
            }
            finally
            {
                _isCalm = false;
            }
        }

        return attempts < AttemptsMax ? false : throw new CheckFailedException($"The move isn't done after {AttemptsMax} attempts.");
    }

    private async ValueTask PlaceAsync(int store)
    {
        await TroubleAsync(isBefore: true);
        _placement = store;
        await TroubleAsync(isBefore: false);
    }

    private FaultyStore Troubled(InMemoryStore store) => new(store)
    {
        KeepsCalls = false, Before = async _ => await TroubleAsync(isBefore: true), After = async _ => await TroubleAsync(isBefore: false),
    };

    /// <summary>What happens between two calls: clients write, and the mover dies, or doesn't hear the answer.</summary>
    private async Task TroubleAsync(bool isBefore)
    {
        if (isBefore)
            await MayWriteAsync();
        if (!_isCalm && _random.Chance(isBefore ? _death : _lostAnswer))
            throw new TallystickException(isBefore ? "The mover has died." : "The answer is lost.", isTransient: true);
    }

    private async Task MayWriteAsync()
    {
        while (_random.Chance(_writes / 2))
            await WriteAsync();
    }

    /// <summary>A client's commit, where the placement says: it is acknowledged and in the mirror, or refused because of a fence.</summary>
    private async Task WriteAsync()
    {
        var n = ++_written;
        var commit = Commit.For(Acme);
        if (_random.Chance(0.8))
            commit = commit.Append(new StreamId("order", $"{_random.Next(4)}"), ExpectedVersion.Any, new NewEvent(TestEvents.Id(n), "order.placed", 1, "{}"u8.ToArray(), [$"n:{n % 3}"]));
        if (_random.Chance(0.7))
            commit = commit.Change(new DocumentChange.Put(new CollectionId("orders", 1), TestEvents.Document($"{_random.Next(6)}", $"{n}", ("n", IndexValue.From(n % 3)))));
        if (_random.Chance(0.3))
            commit = commit.Change(new DocumentChange.Delete(new CollectionId("orders", 1), $"{_random.Next(6)}"));
        if (_random.Chance(0.5))
            commit = commit.Save("orders", LogPosition.Of(n));
        if (_random.Chance(0.3))
            commit = commit.Once(new IdempotencyKey($"key-{n}"));
        if (_random.Chance(0.1) && await _stores[1 - _placement].ReadTenantAsync(Acme, CancellationToken.None) != TenantStorage.None)
        {
            // A node that hasn't heard yet where the tenant is.
            if (await _stores[1 - _placement].CommitAsync(commit, CancellationToken.None) is CommitResult.Committed)
                throw new CheckFailedException("A client's commit was accepted where the tenant isn't.");
            return;
        }

        var result = await _stores[_placement].CommitAsync(commit, CancellationToken.None);
        if (result is CommitResult.Refused { Reason: Refusal.Fenced })
            return;
        var expected = await Mirror.CommitAsync(commit, CancellationToken.None);
        if (TenantDump.Of(result) != TenantDump.Of(expected))
            throw new CheckFailedException($"A client's commit was answered with {TenantDump.Of(result)}, but should have been with {TenantDump.Of(expected)}: the tenant isn't what was acknowledged.");
    }

    private async Task DemandAsync(string when)
    {
        var store = _stores[_placement];
        var storage = await store.ReadTenantAsync(Acme, CancellationToken.None);
        if (storage is not { IsFenced: false, IsErasing: false, IsJournaling: false })
            throw new CheckFailedException($"{when} the tenant isn't open where it is: {storage}.");
        var (content, expected) = (await TenantDump.ContentAsync(store, Acme, CancellationToken.None), await TenantDump.ContentAsync(Mirror, Acme, CancellationToken.None));
        if (content != expected)
            throw new CheckFailedException($"{when} the tenant isn't what was acknowledged:\n{content}\ninstead of\n{expected}");
        if (!(await LogVerifier.VerifyAsync(store, Acme, null, CancellationToken.None)).IsIntact)
            throw new CheckFailedException($"{when} the log doesn't fit its tree.");
        var other = await _stores[1 - _placement].ReadTenantAsync(Acme, CancellationToken.None);
        if (other != TenantStorage.None)
            throw new CheckFailedException($"{when} something is left at the other end: {other}.");
    }

    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);
    }

    private sealed class SameBytes : Entropy
    {
        public override void Fill(Span<byte> buffer) => buffer.Fill(0x5A);
    }
}
