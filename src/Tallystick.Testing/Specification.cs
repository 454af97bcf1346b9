using Tallystick.Commands;
using Tallystick.Testing.Specifications;
using Tallystick.Testing.Text;

namespace Tallystick.Testing;

/// <summary>
/// Where specifications begin: given what has happened, when something arrives, then this. A specification fails by a
/// <see cref="CheckFailedException"/> that tells the difference and the whole story as C#, so it works with any test runner.
/// </summary>
public static partial class Specification
{
    /// <summary>
    /// What a decider makes of commands: <c>Specification.For&lt;OrderDecider&gt;().Given(…).When(…).ThenRejected("order-empty")</c>.
    /// </summary>
    /// <exception cref="CheckFailedException">No application could register the decider; the message says why.</exception>
    public static DeciderSpecification<object, object, object> For<TDecider>()
        where TDecider : Decider, new() => new(new TDecider(), $"Specification.For<{CSharpText.TypeName(typeof(TDecider))}>()");

    /// <summary>The same for a decider that is given, with its types known to the compiler: <c>Specification.For(new OrderDecider())</c>.</summary>
    /// <exception cref="CheckFailedException">No application could register the decider; the message says why.</exception>
    public static DeciderSpecification<TCommand, TEvent, TState> For<TCommand, TEvent, TState>(Decider<TCommand, TEvent, TState> decider)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        ArgumentNullException.ThrowIfNull(decider);
        return new(decider, $"Specification.For(new {CSharpText.TypeName(decider.GetType())}())");
    }
}
