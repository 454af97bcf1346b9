using System.Collections.Immutable;
using Tallystick.Pipeline;

namespace Tallystick.Commands;

/// <summary>
/// Who may execute the commands of a type and of the types that derive from it. All policies that apply to a command must allow it; a
/// command to which none applies is allowed to everyone.
/// </summary>
public sealed class CommandPolicy
{
    private CommandPolicy(string name, Type commandType, Func<CommandRequest, CancellationToken, ValueTask<bool>> isAllowed) =>
        (Name, CommandType, IsAllowed) = (name, commandType, isAllowed);

    /// <summary>What <see cref="CommandResult.Forbidden"/> names.</summary>
    public string Name { get; }

    /// <summary>The commands to which it applies: those of this type and of types that derive from it.</summary>
    public Type CommandType { get; }

    internal Func<CommandRequest, CancellationToken, ValueTask<bool>> IsAllowed { get; }

    /// <summary>Makes a policy that may have to ask somebody.</summary>
    /// <typeparam name="TCommand">The commands to which it applies.</typeparam>
    /// <param name="name">What <see cref="CommandResult.Forbidden"/> names.</param>
    /// <param name="isAllowed">Whether the request is allowed. If it throws, the command isn't executed.</param>
    public static CommandPolicy For<TCommand>(string name, Func<CommandRequest, CancellationToken, ValueTask<bool>> isAllowed)
        where TCommand : notnull
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(isAllowed);
        return new CommandPolicy(name, typeof(TCommand), isAllowed);
    }

    /// <summary>Makes a policy that can tell from the request.</summary>
    /// <typeparam name="TCommand">The commands to which it applies.</typeparam>
    /// <param name="name">What <see cref="CommandResult.Forbidden"/> names.</param>
    /// <param name="isAllowed">Whether the request is allowed. If it throws, the command isn't executed.</param>
    public static CommandPolicy For<TCommand>(string name, Func<CommandRequest, bool> isAllowed)
        where TCommand : notnull
    {
        ArgumentNullException.ThrowIfNull(isAllowed);
        return For<TCommand>(name, (request, _) => new ValueTask<bool>(isAllowed(request)));
    }
}

/// <summary>Lets allowed commands through. Policies are asked in the order of their registration, until one refuses.</summary>
internal sealed class AuthorizationStep(ImmutableArray<CommandPolicy> policies) : IPipelineStep<CommandRequest, CommandResult>
{
    private readonly ByCommandType<CommandPolicy> _policies = new(policies, policy => policy.CommandType);

    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        var applicable = _policies.For(request.Command.GetType());
        return applicable.IsEmpty ? next(request, cancellationToken) : AskAsync(applicable, request, next, cancellationToken);
    }

    private static async ValueTask<CommandResult> AskAsync(
        ImmutableArray<CommandPolicy> applicable, CommandRequest request, PipelineNext<CommandRequest, CommandResult> next,
        CancellationToken cancellationToken)
    {
        foreach (var policy in applicable)
        {
            if (!await policy.IsAllowed(request, cancellationToken))
                return new CommandResult.Forbidden(policy.Name);
        }

        return await next(request, cancellationToken);
    }
}
