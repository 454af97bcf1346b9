using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Requests;
using Tallystick.AspNetCore.Tenancy;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Describes in an OpenAPI document what endpoints can't tell of themselves.</summary>
public static class TallystickOpenApiExtensions
{
    private const string Bearer = "Bearer";

    /// <summary>
    /// Adds the headers that endpoints take (the tenant's, <c>If-Match</c>, <c>Idempotency-Key</c>, <c>At-Least-Position</c>), and the bearer
    /// token with the operations that need it.
    /// </summary>
    public static OpenApiOptions AddTallystick(this OpenApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "An access token; its claims say for which tenants it is.",
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            var needs = RequestNeeds.Of(metadata);
            AddHeaders(operation, needs, context.ApplicationServices.GetRequiredService<TenancyOptions>());
            var isOpen = metadata.OfType<IAllowAnonymous>().Any();
            if (!isOpen && (needs.Tenant || metadata.OfType<IAuthorizeData>().Any()))
            {
                var bearer = new OpenApiSecuritySchemeReference(Bearer, context.Document);
                (operation.Security ??= []).Add(new OpenApiSecurityRequirement { [bearer] = [] });
            }

            return Task.CompletedTask;
        });
        return options;
    }

    private static void AddHeaders(OpenApiOperation operation, RequestNeeds needs, TenancyOptions tenancy)
    {
        if (needs.Tenant && tenancy.Sources.OfType<HeaderTenantSource>().FirstOrDefault() is { } header)
        {
            Add(operation, header.Name, JsonSchemaType.String, "The tenant. It must be one that the token is for.",
                isRequired: tenancy.Sources.Length == 1);
        }

        if (needs.Tenant && tenancy.ActAsPolicy is not null)
        {
            Add(operation, ActAs.TenantHeader, JsonSchemaType.String, "For operators: the tenant to act as. Recorded in the tenant's log.");
            Add(operation, ActAs.ReasonHeader, JsonSchemaType.String, "Why; needed to act as a tenant.");
        }

        if (needs.Conditions)
        {
            Add(operation, "If-Match", JsonSchemaType.String,
                "The version that you have seen, as ETag gave it, such as \"3\". Another one is answered with 412.");
            Add(operation, RequestHeaders.IdempotencyKey, JsonSchemaType.String,
                "Your name for this request: a repetition gets the first answer and changes nothing.");
        }

        if (needs.Freshness)
        {
            Add(operation, RequestHeaders.AtLeastPosition, JsonSchemaType.Integer,
                "Waits until the answer includes everything up to this position; after the deadline 503.");
        }
    }

    private static void Add(OpenApiOperation operation, string name, JsonSchemaType type, string description, bool isRequired = false) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Header,
            Required = isRequired,
            Description = description,
            Schema = new OpenApiSchema { Type = type },
        });
}
