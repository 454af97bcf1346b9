using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Generation;

namespace Tallystick.Testing.Simulations;

/// <summary>
/// What clients do when nothing else is said: mostly random valid commands to the application's deciders, on few streams that are named alike in all
/// tenants, so that clients and tenants meet; and reads of states and documents.
/// </summary>
internal sealed class RandomWorkload(IServiceProvider services, GenerationOptions options)
{
    private static readonly string[] Keys = ["1", "2", "3"];
    private static readonly MethodInfo Find = typeof(SimulatedClient).GetMethod(nameof(SimulatedClient.FindAsync))!;
    private static readonly MethodInfo State = typeof(SimulatedClient).GetMethod(nameof(SimulatedClient.StateAsync))!;

    private readonly ImmutableArray<CommandGenerator> _deciders =
        [.. services.GetServices<Decider>().Where(decider => decider is not TenantDecider).Select(decider => CommandGenerator.For(decider, options))];

    private readonly ImmutableArray<Type> _documents = [.. services.GetServices<Projection>().SelectMany(projection => projection.Collections)
        .GroupBy(collection => collection.DocumentType).Where(group => group.Count() == 1).Select(group => group.Key)];

    public async Task ActAsync(SimulatedClient client)
    {
        if (_deciders.IsEmpty)
            throw new InvalidOperationException("The application has no decider to give commands to. Give it one, or say in SimulationOptions.Workload what its clients do.");
        var random = client.Randomness;
        var tenant = random.Pick(client.Tenants);
        var commands = random.Pick<CommandGenerator>(_deciders);
        var stream = new StreamId(commands.Decider.Category, random.Pick(Keys));
        if (random.Chance(0.15))
            await (Task)State.MakeGenericMethod(commands.Decider.StateType).Invoke(client, [tenant, stream])!;
        else if (await client.ExecuteAsync(tenant, stream, commands.Next(random, client.Memory), Expected(client, tenant, stream)) is null || _documents.IsEmpty || random.Chance(0.6))
            return;
        else
            await (Task)Find.MakeGenericMethod(random.Pick<Type>(_documents)).Invoke(client, [tenant, stream.Key, client.Token(tenant)])!;
    }

    /// <summary>Mostly none; now and then the version that the client saw last, which may be an old one.</summary>
    private static ExpectedVersion Expected(SimulatedClient client, TenantId tenant, StreamId stream) =>
        client.Randomness.Chance(0.25) ? ExpectedVersion.Exactly(client.Version(tenant, stream)) : ExpectedVersion.Any;
}
