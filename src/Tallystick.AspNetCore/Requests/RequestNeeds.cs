using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Requests;

/// <summary>What an endpoint asks for by the types of its parameters; found once for each endpoint.</summary>
internal sealed record RequestNeeds(bool Tenant, bool Conditions, bool Freshness, Type? Body, bool IsBodyOptional, long? BodyBytesMax = null)
{
    private static readonly ConditionalWeakTable<Endpoint, RequestNeeds> Known = [];

    public static RequestNeeds Of(Endpoint endpoint) => Known.GetValue(endpoint, static one => Of(one.Metadata));

    public static RequestNeeds Of(IEnumerable<object> metadata)
    {
        var all = metadata.ToArray();
        var parameters = all.OfType<MethodInfo>().SelectMany(method => method.GetParameters())
            .Concat(all.OfType<IParameterBindingMetadata>().Select(parameter => parameter.ParameterInfo))
            .Select(parameter => parameter.ParameterType)
            .ToHashSet();
        var accepts = all.OfType<IAcceptsMetadata>().LastOrDefault();
        return new RequestNeeds(
            parameters.Contains(typeof(Tenant)) || all.OfType<TenantRequiredMetadata>().Any(),
            parameters.Contains(typeof(CommandConditions)),
            parameters.Contains(typeof(ReadFreshness)),
            accepts is null || accepts.RequestType == typeof(void) ? null : accepts.RequestType,
            accepts?.IsOptional ?? false,
            all.OfType<IRequestSizeLimitMetadata>().LastOrDefault()?.MaxRequestBodySize);
    }
}

/// <summary>Marks an endpoint that needs a tenant without asking for it by a parameter.</summary>
internal sealed class TenantRequiredMetadata;
