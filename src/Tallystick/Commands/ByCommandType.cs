using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Tallystick.Commands;

/// <summary>
/// Finds what was registered for a command's type or for one that it derives from, in the order of registration. The answers are
/// kept: at most one for each command type of the program.
/// </summary>
internal sealed class ByCommandType<T>(ImmutableArray<T> registered, Func<T, Type> typeOf)
{
    private readonly ConcurrentDictionary<Type, ImmutableArray<T>> _found = new();

    public ImmutableArray<T> For(Type commandType)
    {
        if (registered.IsDefaultOrEmpty)
            return [];
        return _found.TryGetValue(commandType, out var found)
            ? found
            : _found.GetOrAdd(commandType, [.. registered.Where(item => typeOf(item).IsAssignableFrom(commandType))]);
    }
}
