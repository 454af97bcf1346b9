using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tallystick;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.AspNetCore.Requests;
using Tallystick.AspNetCore.Tenancy;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds what Tallystick needs to answer HTTP requests.</summary>
public static class TallystickWebExtensions
{
    /// <summary>
    /// Lets endpoints have parameters of the types <see cref="Tenant"/>, <see cref="CommandConditions"/> (from <c>If-Match</c> and
    /// <c>Idempotency-Key</c>) and <see cref="ReadFreshness"/> (from <c>At-Least-Position</c>). Needs <c>app.UseTallystick()</c>.
    /// </summary>
    /// <param name="tally">The application.</param>
    /// <param name="configure">Where requests name their tenant; see <see cref="TenancyBuilder"/>.</param>
    /// <param name="change">Changes the bounds; null leaves the defaults.</param>
    public static TallystickBuilder AddTenancy(
        this TallystickBuilder tally, Action<TenancyBuilder> configure, Func<WebOptions, WebOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(tally);
        ArgumentNullException.ThrowIfNull(configure);
        var tenancy = new TenancyBuilder();
        configure(tenancy);
        var options = (change is null ? new WebOptions() : change(new WebOptions())).Check();

        var services = tally.Services;
        services.AddSingleton(options);
        services.AddSingleton(tenancy.Build());
        tally.AddEvents(typeof(ActedAs));
        services.TryAddSingleton<TenantResolver>();
        services.TryAddScoped<RequestScope>();
        services.TryAddScoped(provider => provider.GetRequiredService<RequestScope>().Tenant);
        services.TryAddScoped(provider => provider.GetRequiredService<RequestScope>().Conditions);
        services.TryAdd(ServiceDescriptor.Scoped(typeof(ReadFreshness), provider => provider.GetRequiredService<RequestScope>().Freshness));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, ProblemStartupFilter>());
        services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions, options));
        return tally;
    }

    /// <summary>
    /// What bodies look like: camelCase, enums by name, and strict. A number is no text, a member that is missing or null where the type doesn't
    /// allow it is an error, and so is a member that comes twice.
    /// </summary>
    private static void Configure(JsonSerializerOptions json, WebOptions options)
    {
        json.NumberHandling = JsonNumberHandling.Strict;
        json.MaxDepth = options.BodyDepthMax;
        json.AllowDuplicateProperties = false;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
    }

    /// <summary>Turns failures into problems around everything else, so that no middleware's failure is left without one.</summary>
    private sealed class ProblemStartupFilter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseMiddleware<ProblemMiddleware>();
            next(app);
        };
    }
}
