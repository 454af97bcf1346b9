using System.Collections.Immutable;

namespace Tallystick.Pipeline;

/// <summary>Composes a <see cref="Pipeline{TRequest, TResponse}"/> from named steps. Not for concurrent use.</summary>
/// <typeparam name="TRequest">What goes in.</typeparam>
/// <typeparam name="TResponse">What comes out.</typeparam>
public sealed class PipelineBuilder<TRequest, TResponse>
{
    private readonly List<(string Name, IPipelineStep<TRequest, TResponse> Step)> _steps = [];

    /// <summary>The names of the steps so far, the outermost first.</summary>
    public ImmutableArray<string> Steps => [.. _steps.Select(step => step.Name)];

    /// <summary>Adds a step as the innermost, just around the handler.</summary>
    /// <exception cref="ArgumentException">The name is empty or taken; the message lists the names that exist.</exception>
    public PipelineBuilder<TRequest, TResponse> Use(string name, IPipelineStep<TRequest, TResponse> step) =>
        Insert(_steps.Count, name, step);

    /// <summary>Adds a step, given as a function, as the innermost.</summary>
    /// <exception cref="ArgumentException">The name is empty or taken; the message lists the names that exist.</exception>
    public PipelineBuilder<TRequest, TResponse> Use(
        string name, Func<TRequest, PipelineNext<TRequest, TResponse>, CancellationToken, ValueTask<TResponse>> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return Use(name, new FunctionStep(step));
    }

    /// <summary>Adds a step just outside an existing one.</summary>
    /// <exception cref="ArgumentException">No step is called <paramref name="existing"/>, or the new name is empty or taken.</exception>
    public PipelineBuilder<TRequest, TResponse> UseBefore(string existing, string name, IPipelineStep<TRequest, TResponse> step) =>
        Insert(IndexOf(existing), name, step);

    /// <summary>Adds a step just inside an existing one.</summary>
    /// <exception cref="ArgumentException">No step is called <paramref name="existing"/>, or the new name is empty or taken.</exception>
    public PipelineBuilder<TRequest, TResponse> UseAfter(string existing, string name, IPipelineStep<TRequest, TResponse> step) =>
        Insert(IndexOf(existing) + 1, name, step);

    /// <summary>Adds a step, given as a function, just outside an existing one.</summary>
    /// <exception cref="ArgumentException">No step is called <paramref name="existing"/>, or the new name is empty or taken.</exception>
    public PipelineBuilder<TRequest, TResponse> UseBefore(
        string existing, string name, Func<TRequest, PipelineNext<TRequest, TResponse>, CancellationToken, ValueTask<TResponse>> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return UseBefore(existing, name, new FunctionStep(step));
    }

    /// <summary>Adds a step, given as a function, just inside an existing one.</summary>
    /// <exception cref="ArgumentException">No step is called <paramref name="existing"/>, or the new name is empty or taken.</exception>
    public PipelineBuilder<TRequest, TResponse> UseAfter(
        string existing, string name, Func<TRequest, PipelineNext<TRequest, TResponse>, CancellationToken, ValueTask<TResponse>> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return UseAfter(existing, name, new FunctionStep(step));
    }

    /// <summary>Puts another step in the place of an existing one, under its name.</summary>
    /// <exception cref="ArgumentException">No step has this name; the message lists those that exist.</exception>
    public PipelineBuilder<TRequest, TResponse> Replace(string existing, IPipelineStep<TRequest, TResponse> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        _steps[IndexOf(existing)] = (existing, step);
        return this;
    }

    /// <summary>Takes a step out.</summary>
    /// <exception cref="ArgumentException">No step has this name; the message lists those that exist.</exception>
    public PipelineBuilder<TRequest, TResponse> Remove(string existing)
    {
        _steps.RemoveAt(IndexOf(existing));
        return this;
    }

    /// <summary>Makes the pipeline. Later changes of this builder don't touch it.</summary>
    /// <param name="handler">What the innermost step calls.</param>
    public Pipeline<TRequest, TResponse> Build(PipelineNext<TRequest, TResponse> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new Pipeline<TRequest, TResponse>([.. _steps], handler);
    }

    private PipelineBuilder<TRequest, TResponse> Insert(int index, string name, IPipelineStep<TRequest, TResponse> step)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(step);
        if (_steps.Exists(other => other.Name == name))
        {
            throw new ArgumentException(
                $"The pipeline already has a step '{name}'; names are unique. Its steps are {Existing()}. "
                + "Choose another name, or use Replace.", nameof(name));
        }

        _steps.Insert(index, (name, step));
        return this;
    }

    private int IndexOf(string existing)
    {
        var index = _steps.FindIndex(step => step.Name == existing);
        return index >= 0 ? index : throw new ArgumentException(
            $"The pipeline has no step '{existing}'. Its steps are {Existing()}.", nameof(existing));
    }

    private string Existing() => _steps.Count == 0 ? "none" : string.Join(", ", _steps.Select(step => $"'{step.Name}'"));

    private sealed class FunctionStep(Func<TRequest, PipelineNext<TRequest, TResponse>, CancellationToken, ValueTask<TResponse>> function)
        : IPipelineStep<TRequest, TResponse>
    {
        public ValueTask<TResponse> InvokeAsync(
            TRequest request, PipelineNext<TRequest, TResponse> next, CancellationToken cancellationToken) =>
            function(request, next, cancellationToken);
    }
}
