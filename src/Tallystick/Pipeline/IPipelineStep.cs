namespace Tallystick.Pipeline;

/// <summary>The rest of a pipeline, as a step sees it. It may be called never (to stop here), once, or several times (to retry).</summary>
/// <typeparam name="TRequest">What goes in.</typeparam>
/// <typeparam name="TResponse">What comes out.</typeparam>
/// <param name="request">What the following steps shall see; usually the request that the step was given.</param>
/// <param name="cancellationToken">Cancels.</param>
public delegate ValueTask<TResponse> PipelineNext<in TRequest, TResponse>(TRequest request, CancellationToken cancellationToken);

/// <summary>
/// One step of a <see cref="Pipeline{TRequest, TResponse}"/>. One instance serves all requests, also concurrent ones, so what belongs to
/// a request is kept in the request or in local variables.
/// </summary>
/// <typeparam name="TRequest">What goes in.</typeparam>
/// <typeparam name="TResponse">What comes out.</typeparam>
public interface IPipelineStep<TRequest, TResponse>
{
    /// <summary>Does the step's work around, before or instead of the rest of the pipeline.</summary>
    /// <param name="request">The request.</param>
    /// <param name="next">The rest of the pipeline. Each call goes through all of it again.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<TResponse> InvokeAsync(TRequest request, PipelineNext<TRequest, TResponse> next, CancellationToken cancellationToken);
}
