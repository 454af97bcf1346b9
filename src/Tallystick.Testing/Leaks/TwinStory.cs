using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Tenancy;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>
/// What happens to the streams of both tenants: random commands of every decider, on streams with the same names. It is found out with the first tenant which
/// of them are accepted, and with which secrets; the twin gets the same.
/// </summary>
internal sealed class TwinStory
{
    private const int PatienceMax = 10;
    private static readonly string[] Keys = ["1", "2", "3"];

    private readonly ImmutableArray<CommandGenerator> _deciders;
    private readonly Func<object, bool> _isValid;
    private readonly SeededEntropy _entropy;
    private readonly ValueMemory _memory = new();
    private readonly List<(StreamId Stream, SecretCommand Command)> _accepted = [];
    private readonly SortedSet<string> _categories = new(StringComparer.Ordinal);
    private readonly int _commandsMax;
    private int _keys;
    private int _repeated;

    public TwinStory(LeakageOptions options, SeededEntropy entropy)
    {
        (_entropy, _commandsMax) = (entropy, options.CommandsMax);
        _deciders = [.. options.Services.GetServices<Decider>().Where(decider => decider is not TenantDecider).Select(decider => CommandGenerator.For(decider, options.Generation))];
        _isValid = SecretCommand.ValidityBy(options.Services.GetServices<CommandValidator>());
    }

    /// <summary>The deciders, by the name of their commands.</summary>
    public IEnumerable<(string Name, Decider Decider)> Deciders => _deciders.Select(one => (NameOf(one.Decider), one.Decider));

    /// <summary>The streams that have events, in both tenants.</summary>
    public IEnumerable<StreamId> Streams => _accepted.Select(one => one.Stream).Distinct();

    /// <summary>The names of the deciders of which a command was accepted.</summary>
    public bool HasAccepted(Decider decider) => _categories.Contains(decider.Category);

    /// <summary>Tells the next half of the story of the first tenant.</summary>
    /// <returns>How many commands there are now.</returns>
    public async Task<int> TellAsync(Twin twin, CancellationToken cancellationToken)
    {
        // Round by round, so that a decider whose commands refer to another's entities finds some.
        // Chance may need longer until each decider has accepted one.
        var half = (_commandsMax + 1) / 2;
        for (var i = 0; i < half || (i < half * PatienceMax && _categories.Count < _deciders.Length); i++)
        {
            foreach (var commands in _deciders)
            {
                var stream = new StreamId(commands.Decider.Category, _entropy.Pick(Keys));
                var command = SecretCommand.Of(commands.Shape, commands.Next(_entropy, _memory), twin.Secrets, _isValid);
                if (await TryAsync(twin, stream, command, cancellationToken) is not { } accepted)
                    continue;
                _accepted.Add((stream, accepted));
                _categories.Add(stream.Category);
                twin.Book.AddEntity(stream.Category, stream.Key);
            }
        }

        return _accepted.Count;
    }

    /// <summary>Tells the same of the twin, up to so many commands.</summary>
    /// <exception cref="CheckFailedException">One isn't accepted there.</exception>
    public async Task RepeatAsync(Twin twin, Twin other, int count, CancellationToken cancellationToken)
    {
        for (_keys = _repeated; _repeated < count; _repeated++)
        {
            var (stream, command) = _accepted[_repeated];
            var result = await ExecuteAsync(twin, stream, command, cancellationToken);
            if (result is not CommandResult.Accepted { IsReplay: false })
            {
                throw new CheckFailedException(
                    $"commands of {CSharpText.TypeName(_deciders.First(one => one.Decider.Category == stream.Category).Decider.GetType())}: {CSharpText.TypeName(command.Type)} on {stream} "
                    + $"was accepted for tenant '{other.Id}', but not for its twin '{twin.Id}' with the same history, as if the two knew of each other: {ResultText.Of(result)}\n"
                    + $"The command:\n{CSharpText.Indented(CSharpText.Of(command.For(twin.Secrets)), "  ")}");
            }

            twin.Book.AddEntity(stream.Category, stream.Key);
        }
    }

    /// <summary>One more command of each decider, to be run as a tenant.</summary>
    public IEnumerable<LeakOperation> Operations() => _deciders.Select(commands => new LeakOperation(NameOf(commands.Decider), IsRead: false, async (twin, _, cancellationToken) =>
    {
        var text = new List<string>();
        foreach (var key in Keys)
        {
            var stream = new StreamId(commands.Decider.Category, key);
            var command = SecretCommand.Of(commands.Shape, commands.Next(_entropy, _memory), twin.Secrets, _isValid);
            text.Add(ResultText.Of(await twin.Handle.ExecuteAsync(stream, command.For(twin.Secrets), cancellationToken)));
            text.Add(ResultText.Of(await twin.Handle.ExecuteAsync(stream, command.Plain().For(twin.Secrets), cancellationToken)));
        }

        return string.Join('\n', text);
    }));

    /// <summary>The command with as many secrets as it is accepted with; null if it isn't at all.</summary>
    private async Task<SecretCommand?> TryAsync(Twin twin, StreamId stream, SecretCommand command, CancellationToken cancellationToken)
    {
        // A text that refers to something, such as the id of a customer, must stay what it is.
        foreach (var attempt in command.Places.Select(command.WithPlain).Prepend(command).Append(command.Plain()))
        {
            if (await ExecuteAsync(twin, stream, attempt, cancellationToken) is CommandResult.Accepted)
                return attempt;
        }

        return null;
    }

    /// <summary>Each attempt has a key of its own, and the accepted ones the same key in both tenants.</summary>
    private async Task<CommandResult> ExecuteAsync(Twin twin, StreamId stream, SecretCommand command, CancellationToken cancellationToken)
    {
        var conditions = new CommandConditions(IdempotencyKey: new(FormattableString.Invariant($"leakage-{_keys}")));
        try
        {
            var result = await twin.Handle.ExecuteAsync(stream, command.For(twin.Secrets), conditions, cancellationToken);
            _keys += result is CommandResult.Accepted ? 1 : 0;
            return result;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new CheckFailedException($"{CSharpText.TypeName(command.Type)} on {stream} as tenant '{twin.Id}' {ResultText.Of(error)}", error);
        }
    }

    private static string NameOf(Decider decider) => $"commands of {CSharpText.TypeName(decider.GetType())}";
}
