using System.Collections.Immutable;

namespace Tallystick.Pipeline;

// Each step is bound to the rest of the pipeline once, when it is built: step n holds a delegate that calls step n + 1. A call
// therefore walks a chain of immutable objects: nothing is allocated for it, and no index is shared by a step's retries.

/// <summary>
/// A handler with steps around it, composed once by <see cref="PipelineBuilder{TRequest, TResponse}"/> and then immutable and safe for
/// concurrent use. A call allocates nothing but what the steps allocate.
/// </summary>
/// <typeparam name="TRequest">What goes in.</typeparam>
/// <typeparam name="TResponse">What comes out.</typeparam>
public sealed class Pipeline<TRequest, TResponse>
{
    private readonly PipelineNext<TRequest, TResponse> _first;

    internal Pipeline(
        ImmutableArray<(string Name, IPipelineStep<TRequest, TResponse> Step)> steps, PipelineNext<TRequest, TResponse> handler)
    {
        Steps = [.. steps.Select(step => step.Name)];
        _first = handler;
        for (var i = steps.Length - 1; i >= 0; i--)
            _first = new Link(steps[i].Step, _first).InvokeAsync;
    }

    /// <summary>The names of the steps, the outermost first.</summary>
    public ImmutableArray<string> Steps { get; }

    /// <summary>Sends a request through the steps to the handler.</summary>
    public ValueTask<TResponse> InvokeAsync(TRequest request, CancellationToken cancellationToken) => _first(request, cancellationToken);

    private sealed class Link(IPipelineStep<TRequest, TResponse> step, PipelineNext<TRequest, TResponse> next)
    {
        public ValueTask<TResponse> InvokeAsync(TRequest request, CancellationToken cancellationToken) =>
            step.InvokeAsync(request, next, cancellationToken);
    }
}
