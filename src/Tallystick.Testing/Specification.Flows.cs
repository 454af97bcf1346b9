using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Specifications;
using Tallystick.Testing.Text;

namespace Tallystick.Testing;

/// <content>Specifications of what happens around deciders.</content>
public static partial class Specification
{
    /// <summary>What a projection makes of events.</summary>
    public static ProjectionSpecification ForProjection<TProjection>()
        where TProjection : Projection, new() => new(static () => new TProjection(), $"Specification.ForProjection<{CSharpText.TypeName(typeof(TProjection))}>()");

    /// <summary>What a projection makes of events, if it isn't made without arguments. It is made anew each time that events are folded.</summary>
    public static ProjectionSpecification ForProjection(Func<Projection> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        return new(make, "Specification.ForProjection(() => …)");
    }

    /// <summary>What a subscription does with events.</summary>
    public static SubscriptionSpecification ForSubscription<TSubscription>()
        where TSubscription : Subscription, new() =>
        new(static _ => new TSubscription(), $"Specification.ForSubscription<{CSharpText.TypeName(typeof(TSubscription))}>()", []);

    /// <summary>What a subscription does with events, if it isn't made without arguments.</summary>
    /// <param name="make">Makes it; given the store that the specification goes through, for handlers that read or commit by themselves.</param>
    /// <param name="eventTypes">Types of events that it appends; those in its own assembly and in those of its events needn't be named.</param>
    public static SubscriptionSpecification ForSubscription(Func<IStore, Subscription> make, params Type[] eventTypes)
    {
        ArgumentNullException.ThrowIfNull(make);
        return new(make, "Specification.ForSubscription(store => …)", eventTypes);
    }

    /// <summary>What a command becomes on its way through an application's pipeline, its steps, validators and policies.</summary>
    /// <param name="configure">Adds what the application is made of: <c>app => app.AddOrders()</c>. Whatever store it chooses, the one in memory is used.</param>
    public static PipelineSpecification ForPipeline(Action<TallystickBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return new(configure);
    }

    /// <summary>What an application answers to requests; see <see cref="ApiSpecification"/>.</summary>
    /// <param name="client">Sends the requests, to a test server or a real address. It isn't disposed.</param>
    public static ApiSpecification ForApi(HttpClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new(client);
    }

    /// <summary>Events of a stream, where a specification takes those of several.</summary>
    public static StreamEvents To(string stream, params object[] events) => new(GivenEvents.Parse(stream, "To"), [.. events]);

    /// <summary>Events of a stream, where a specification takes those of several.</summary>
    public static StreamEvents To(StreamId stream, params object[] events) => new(stream, [.. events]);
}
