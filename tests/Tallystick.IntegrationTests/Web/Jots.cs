using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.AspNetCore;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Web;

public sealed record WriteJot(string Text, int Pages);

[EventType("jot.written")]
public sealed record JotWritten(string Text, int Pages);

public sealed record Jot(string Text, int Pages);

public sealed class JotDecider : Decider<WriteJot, JotWritten, Jot>
{
    public override string Category => "jot";

    public override Jot InitialState { get; } = new("", 0);

    public override Decision<JotWritten> Decide(WriteJot command, Jot state) => Accept(new JotWritten(command.Text, command.Pages));

    public override Jot Evolve(Jot state, JotWritten @event) => new(@event.Text, @event.Pages);
}

public sealed record JotLine(string Text, int Pages);

public sealed class JotList : Projection<JotLine>
{
    public JotList()
        : base("jots", version: 1) =>
        Upsert<JotWritten>((_, at) => at.Stream.Key, (_, e, _) => new JotLine(e.Text, e.Pages));
}

public sealed record JotPage(IReadOnlyList<string> Texts, string? Next);

/// <summary>A small application that keeps its tenants apart, to which leaks are added.</summary>
public static class Jots
{
    public static void Add(TallystickBuilder tally)
    {
        tally.AddDecider<JotDecider>().AddProjection<JotList>();
        tally.Services.AddOpenApi(openApi => openApi.AddTallystick());
    }

    public static void Map(WebApplication app)
    {
        app.MapOpenApi("/openapi/v1.json");
        app.MapPost("/jots", async (WriteJot command, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            (await tenant.ExecuteAsync(tenant.NewStream("jot"), command, conditions, cancellationToken)).ToCreated("/jots"));
        app.MapGet("/jots/{id}", async (string id, Tenant tenant, CancellationToken cancellationToken) =>
        {
            var jot = await tenant.StateOf<Jot>(new StreamId("jot", id)).NowAsync(cancellationToken);
            return jot.Version == StreamVersion.None ? Results.NotFound() : Results.Ok(jot.State);
        });
        app.MapGet("/jots", async (string? after, Tenant tenant, CancellationToken cancellationToken) => await PageAsync(tenant, after, cancellationToken));
    }

    public static async Task<JotPage> PageAsync(Tenant tenant, string? after, CancellationToken cancellationToken)
    {
        var page = await tenant.ReadModels<JotLine>().Query().After(after).Take(2).PageAsync(default, cancellationToken);
        return new JotPage([.. page.Items.Select(item => item.Value!.Text)], page.Next);
    }
}
