using System.Collections.Immutable;
using Tallystick.Pipeline;

namespace Tallystick.Commands;

/// <summary>One thing that is wrong with a command.</summary>
/// <param name="Field">The field, such as <c>lines[2].quantity</c>; empty for the command as a whole.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
public sealed record ValidationFailure(string Field, string Message);

/// <summary>A command that can check itself: what can be told from the command alone, without any state.</summary>
public interface IValidated
{
    /// <summary>Everything that is wrong; nothing if it is valid. Pure.</summary>
    IEnumerable<ValidationFailure> Validate();
}

/// <summary>Checks commands from outside. Derive from <see cref="CommandValidator{TCommand}"/>.</summary>
public abstract class CommandValidator
{
    private protected CommandValidator()
    {
    }

    /// <summary>The commands that it checks: those of this type and of types that derive from it.</summary>
    public abstract Type CommandType { get; }

    internal abstract IEnumerable<ValidationFailure> ValidateObject(object command);
}

/// <summary>Checks the commands of a type and of the types that derive from it.</summary>
/// <typeparam name="TCommand">The type.</typeparam>
public abstract class CommandValidator<TCommand> : CommandValidator
    where TCommand : notnull
{
    /// <inheritdoc/>
    public sealed override Type CommandType => typeof(TCommand);

    /// <summary>Everything that is wrong; nothing if it is valid. Pure.</summary>
    public abstract IEnumerable<ValidationFailure> Validate(TCommand command);

    internal sealed override IEnumerable<ValidationFailure> ValidateObject(object command) => Validate((TCommand)command);
}

/// <summary>Lets valid commands through. Gives all failures at once, the command's own first.</summary>
internal sealed class ValidationStep(ImmutableArray<CommandValidator> validators) : IPipelineStep<CommandRequest, CommandResult>
{
    private readonly ByCommandType<CommandValidator> _validators = new(validators, validator => validator.CommandType);

    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        var command = request.Command;
        ImmutableArray<ValidationFailure>.Builder? failures = null;
        if (command is IValidated validated)
            Collect(validated.Validate(), ref failures);
        foreach (var validator in _validators.For(command.GetType()))
            Collect(validator.ValidateObject(command), ref failures);
        return failures is null ? next(request, cancellationToken) : new(new CommandResult.Invalid(failures.DrainToImmutable()));
    }

    private static void Collect(IEnumerable<ValidationFailure> found, ref ImmutableArray<ValidationFailure>.Builder? failures)
    {
        foreach (var failure in found)
            (failures ??= ImmutableArray.CreateBuilder<ValidationFailure>()).Add(failure);
    }
}
