using Tallystick.Functional;

namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Looks for an order of operations that explains their answers: depth first, an operation may be next if it was called before the first
/// return that is left, and never goes on from a configuration (operations done, state) that has been seen before.
/// </summary>
/// <remarks>
/// J. Wing, C. Gong, "Testing and verifying concurrent objects", J. Parallel Distrib. Comput. 17, 1993: the search over the list of calls
/// and returns. G. Lowe, "Testing for linearizability", Concurrency Computat.: Pract. Exper. 29, 2017: remembering configurations.
/// Ours, each of which only leaves out what can't decide anything:
/// a read that is possible now is done at once, since it constrains nothing that follows; of unseen operations with equal inputs the one
/// called first is done first, since they are interchangeable; they are tried last, and a configuration counts as seen if one was seen
/// that differs only in having more of them left.
/// </remarks>
internal sealed class Search<TState, TInput, TOutput>
    where TState : notnull
    where TInput : notnull
{
    private readonly SequentialModel<TState, TInput, TOutput> _model;
    private readonly Fragment<TInput, TOutput> _fragment;
    private readonly SearchBudget _budget;
    private readonly EventList _events;
    private readonly bool[] _isRead;
    private readonly int[] _twins;
    private readonly Dictionary<TState, int> _stateNumbers = [];
    private readonly List<TState> _states = [];
    private readonly ConfigurationSet _seen = new();
    private readonly ConfigurationSet _ends = new();
    private readonly ulong[] _done;
    private readonly ulong[] _optionalDone;
    private readonly Stack<Frame> _path = new();
    private ulong _hash;
    private int _state;
    private int _highest = -1;
    private int _requiredDone;
    private int _longest;

    public Search(SequentialModel<TState, TInput, TOutput> model, Fragment<TInput, TOutput> fragment, TState initial, SearchBudget budget)
    {
        (_model, _fragment, _budget) = (model, fragment, budget);
        _events = new EventList(
            [.. fragment.Required.Select(candidate => candidate.Operation.Called)],
            [.. fragment.Required.Select(candidate => candidate.Operation.Returned!.Value)]);
        _isRead = [.. fragment.Required.Select(candidate => model.IsRead(candidate.Operation.Input, candidate.Operation.Output!))];
        _twins = Twins(fragment.Optional);
        _done = new ulong[(fragment.Required.Length + 63) / 64];
        _optionalDone = new ulong[(fragment.Optional.Length + 63) / 64];
        _state = NumberOf(initial);
    }

    /// <summary>Above 0: to find all ways to end, instead of one order, and to give up when there are more than these.</summary>
    public int EndsMax { get; init; }

    /// <summary>Whether to keep the longest order of required operations that is possible.</summary>
    public bool KeepsLongest { get; init; }

    /// <summary>
    /// The ways to end, if <see cref="EndsMax"/> asks for them; of those with one state, only the ones that have used fewest of
    /// the optional operations, since the others can do no more from there.
    /// </summary>
    public List<List<OrderedStep<TState, TInput, TOutput>>> Ends { get; } = [];

    /// <summary>Until when, in the history's time, all operations that had ended could be put into an order, and the return that could not.</summary>
    public long StuckAt { get; private set; } = long.MinValue;

    /// <summary>The longest order found, if it <see cref="KeepsLongest"/>.</summary>
    public List<OrderedStep<TState, TInput, TOutput>> Longest { get; private set; } = [];

    /// <summary>The order that leads to where the search stands: after <see cref="SearchOutcome.Found"/>, one of all required operations.</summary>
    public List<OrderedStep<TState, TInput, TOutput>> Order()
    {
        var order = new List<OrderedStep<TState, TInput, TOutput>>(_path.Count);
        var after = _state;
        foreach (var frame in _path)
        {
            order.Add(new(CandidateOf(frame.Operation), _states[after]));
            after = frame.State;
        }

        order.Reverse();
        return order;
    }

    public SearchOutcome Run()
    {
        DoReads();
        NoteLongest();
        _budget.Take();
        var cursor = _events.First;
        while (true)
        {
            if (_budget.IsSpent || Ends.Count > EndsMax)
                return SearchOutcome.GaveUp;
            if (_events.IsEmpty && EndsMax == 0)
                return SearchOutcome.Found;
            if (!_events.IsEmpty && TryNext(ref cursor))
                continue;
            if (_events.IsEmpty && _ends.TryAdd(Mix((ulong)_state), _state, 0, [], _optionalDone))
                Ends.Add(Order());
            if (!StepBack(out cursor))
                return SearchOutcome.Impossible;
        }
    }

    /// <summary>Tries the candidate at a cursor: a node of the list, or the complement of an optional operation. False: there are no more.</summary>
    private bool TryNext(ref int cursor)
    {
        if (cursor > 0 && _events.IsReturn(cursor))
        {
            StuckAt = Math.Max(StuckAt, _events.TimeOf(cursor));
            cursor = ~0;
        }

        if (cursor > 0)
        {
            cursor = TryRequired(_events.OperationOf(cursor)) ? _events.First : _events.Next(cursor);
            return true;
        }

        var optional = ~cursor;
        if (optional == _fragment.Optional.Length || _fragment.Optional[optional].Operation.Called > _events.TimeOf(_events.FirstReturn()))
            return false;
        cursor = TryOptional(optional) ? _events.First : ~(optional + 1);
        return true;
    }

    private bool TryRequired(int operation)
    {
        // A read that is possible has been done already.
        if (_isRead[operation] || !Step(_fragment.Required[operation].Operation).TryGet(out var next))
            return false;
        Do(operation, NumberOf(next), isForced: false);
        return Arrive();
    }

    private bool TryOptional(int optional)
    {
        var twin = _twins[optional];
        if (IsDone(_optionalDone, optional) || (twin >= 0 && !IsDone(_optionalDone, twin)))
            return false;
        // Nobody waits for it, so it is of no use where it changes nothing.
        if (!Step(_fragment.Optional[optional].Operation).TryGet(out var next) || NumberOf(next) == _state)
            return false;
        Do(~optional, NumberOf(next), isForced: false);
        return Arrive();
    }

    private Maybe<TState> Step(Operation<TInput, TOutput> operation) => operation.IsUnseen
        ? Maybe<TState>.Some(_model.StepUnseen(_states[_state], operation.Input))
        : _model.Step(_states[_state], operation.Input, operation.Output!);

    /// <summary>Does all reads that are possible, and goes back at once if this configuration has been seen.</summary>
    private bool Arrive()
    {
        DoReads();
        NoteLongest();
        if (_events.IsEmpty || Remember())
            return true;
        StepBack(out _);
        return false;
    }

    private void NoteLongest()
    {
        if (!KeepsLongest || _requiredDone <= _longest)
            return;
        _longest = _requiredDone;
        Longest = Order();
    }

    private void DoReads()
    {
        for (var node = _events.First; !_events.IsEmpty && !_events.IsReturn(node);)
        {
            var operation = _events.OperationOf(node);
            if (_isRead[operation] && Step(_fragment.Required[operation].Operation).TryGet(out var next))
            {
                if (NumberOf(next) != _state)
                    throw new InvalidOperationException($"{_model.GetType().Name}.IsRead is wrong: {Text(operation)} changes the state.");
                Do(operation, _state, isForced: true);
                if (_events.IsEmpty)
                    return;
            }

            node = _events.Next(node);
        }
    }

    private bool Remember()
    {
        var low = _events.OperationOf(_events.First) / 64;
        var window = _done.AsSpan(low, Math.Max(0, (_highest / 64) + 1 - low));
        if (!_seen.TryAdd(_hash ^ Mix(~(ulong)_state), _state, low, window, _optionalDone))
            return false;
        _budget.Take();
        return true;
    }

    private void Do(int operation, int next, bool isForced)
    {
        _path.Push(new Frame(operation, _state, _highest, isForced));
        _state = next;
        if (operation < 0)
        {
            Flip(_optionalDone, ~operation);
            return;
        }

        _events.Lift(operation);
        Flip(_done, operation);
        _hash ^= Mix((ulong)operation);
        _highest = Math.Max(_highest, operation);
        _requiredDone++;
    }

    /// <summary>Undoes the last choice and all that was forced by it; false if there was none.</summary>
    /// <param name="cursor">The next candidate in its place.</param>
    private bool StepBack(out int cursor)
    {
        cursor = 0;
        while (_path.TryPop(out var frame))
        {
            (_state, _highest) = (frame.State, frame.Highest);
            if (frame.Operation >= 0)
            {
                _events.PutBack(frame.Operation);
                Flip(_done, frame.Operation);
                _hash ^= Mix((ulong)frame.Operation);
                _requiredDone--;
                cursor = _events.Next(_events.CallOf(frame.Operation));
            }
            else
            {
                Flip(_optionalDone, ~frame.Operation);
                cursor = ~(~frame.Operation + 1);
            }

            if (!frame.IsForced)
                return true;
        }

        return false;
    }

    private int NumberOf(TState state)
    {
        if (_stateNumbers.TryGetValue(state, out var number))
            return number;
        _states.Add(state);
        _stateNumbers.Add(state, _states.Count - 1);
        return _states.Count - 1;
    }

    private Candidate<TInput, TOutput> CandidateOf(int operation) => operation < 0 ? _fragment.Optional[~operation] : _fragment.Required[operation];

    private string Text(int operation) => _model.DescribeInput(_fragment.Required[operation].Operation.Input);

    /// <summary>For each unseen operation the one before with an equal input, or -1.</summary>
    private static int[] Twins(Candidate<TInput, TOutput>[] optional)
    {
        var last = new Dictionary<TInput, int>();
        var twins = new int[optional.Length];
        for (var i = 0; i < optional.Length; i++)
        {
            twins[i] = -1;
            if (!optional[i].Operation.IsUnseen)
                continue;
            twins[i] = last.GetValueOrDefault(optional[i].Operation.Input, -1);
            last[optional[i].Operation.Input] = i;
        }

        return twins;
    }

    private static bool IsDone(ulong[] bits, int i) => (bits[i / 64] >> (i % 64) & 1) != 0;

    private static void Flip(ulong[] bits, int i) => bits[i / 64] ^= 1UL << (i % 64);

    /// <summary>A well-spread number for each number (the finalizer of SplitMix64), so that a set's hash is the exclusive or of its members'.</summary>
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }

    /// <param name="Operation">What was done: a required operation, or the complement of an optional one.</param>
    /// <param name="State">The state before.</param>
    /// <param name="Highest">The last required operation, by its call, that was done before.</param>
    /// <param name="IsForced">Whether there was no choice, so that nothing else is to be tried in its place.</param>
    private readonly record struct Frame(int Operation, int State, int Highest, bool IsForced);
}

/// <summary>What became of a search.</summary>
internal enum SearchOutcome
{
    Found,
    Impossible,
    GaveUp,
}

/// <summary>One step of an order, and the state after it.</summary>
internal sealed record OrderedStep<TState, TInput, TOutput>(Candidate<TInput, TOutput> Candidate, TState After)
    where TInput : notnull;

/// <summary>How many configurations may still be examined.</summary>
internal sealed class SearchBudget(long configurations, CancellationToken cancellationToken)
{
    private long _left = configurations;

    public bool IsSpent => _left < 0;

    public void Take()
    {
        _left--;
        if (_left % 1024 == 0)
            cancellationToken.ThrowIfCancellationRequested();
    }
}
