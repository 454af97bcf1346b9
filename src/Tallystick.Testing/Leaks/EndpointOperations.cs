using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tallystick.Testing.Leaks;

/// <summary>
/// Every endpoint as the tenant: with its own ids and with the twin's, with the twin's page tokens, entity tags and keys, naming the twin in every place, and naming
/// nobody.
/// </summary>
internal sealed class EndpointOperations(EndpointStory story, EndpointRequests requests, LeakageOptions options)
{
    private const int IdsMax = 4;
    private static readonly string[] Tokens = ["next", "cursor", "continuation", "token", "after", "pageToken", "nextPageToken"];
    private static readonly string[] Limits = ["limit", "take", "count", "size", "pageSize", "top", "per_page"];

    /// <summary>What only reads, with each id that is known, and with each parameter of the query that may be left out.</summary>
    public IEnumerable<LeakOperation> Reads(Twin example)
    {
        foreach (var endpoint in story.Endpoints.Where(endpoint => endpoint.IsRead))
        {
            if (story.PlanOf(endpoint) is not { } plan)
                continue;
            yield return Read(endpoint.Name, endpoint, plan);
            foreach (var parameter in endpoint.Parameters.Where(parameter => parameter.In == "path" && !options.Naming.Any(naming => EndpointRequests.IsNaming(naming, parameter))))
            {
                for (var level = 0; level < Math.Min(IdsMax, requests.Candidates(endpoint, parameter, example).Length); level++)
                {
                    var other = plan.Clone();
                    other.Set(parameter.Name, level);
                    yield return Read($"{endpoint.Name} ({parameter.Name}: {level + 1})", endpoint, other);
                }
            }

            foreach (var parameter in endpoint.Parameters.Where(parameter => parameter is { In: "query", IsRequired: false }))
            {
                for (var level = 0; level < Math.Min(IdsMax, requests.Candidates(endpoint, parameter, example).Length); level++)
                {
                    var other = plan.Clone();
                    other.Optional.Add(parameter.Name);
                    other.Set(parameter.Name, level);
                    if (Limits.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase))
                        other.Fixed[parameter.Name] = "1";
                    yield return Read($"{endpoint.Name} ({parameter.Name}: {level + 1})", endpoint, other);
                }
            }
        }
    }

    /// <summary>What changes something, once more.</summary>
    public IEnumerable<LeakOperation> Changes() =>
        from endpoint in story.Endpoints
        where !endpoint.IsRead
        let plan = story.PlanOf(endpoint) ?? new RequestPlan()
        select new LeakOperation(endpoint.Name, IsRead: false, async (twin, _, cancellationToken) =>
        {
            var answer = await story.SendAsync(endpoint, twin, plan, null, cancellationToken);
            if (answer.IsSuccess)
                EndpointStory.Learn(endpoint, twin, answer);
            return answer.Text;
        });

    /// <summary>What a curious or hostile caller tries.</summary>
    public IEnumerable<LeakOperation> Probes(HttpClient? anonymous) =>
        from endpoint in story.Endpoints
        let plan = story.PlanOf(endpoint) ?? new RequestPlan()
        from operation in (IEnumerable<LeakOperation>)[.. WithIds(endpoint, plan), .. Forged(endpoint, plan), .. Unnamed(endpoint, plan, anonymous), .. WithTokens(endpoint, plan)]
        select operation;

    private LeakOperation Read(string name, Endpoint endpoint, RequestPlan plan) => new(name, IsRead: true, async (twin, _, cancellationToken) =>
    {
        var answer = await story.SendAsync(endpoint, twin, plan, null, cancellationToken);
        NoteTokens(endpoint, twin, answer);
        return answer.Text;
    });

    private IEnumerable<LeakOperation> WithIds(Endpoint endpoint, RequestPlan plan)
    {
        foreach (var parameter in endpoint.Parameters.Where(parameter => parameter.In is "path" or "query" && !options.Naming.Any(naming => EndpointRequests.IsNaming(naming, parameter))))
        {
            yield return new LeakOperation($"{endpoint.Name} with the twin's {parameter.Name}", IsRead: false, async (twin, other, cancellationToken) =>
            {
                var theirs = requests.Candidates(endpoint, parameter, other).Except(requests.Candidates(endpoint, parameter, twin)).FirstOrDefault();
                if (theirs is null)
                    return "the twin has no other";
                var guessed = plan.Clone();
                guessed.Fixed[parameter.Name] = theirs;
                guessed.Optional.Add(parameter.Name);
                return (await story.SendAsync(endpoint, twin, guessed, null, cancellationToken)).Text;
            });
        }
    }

    private IEnumerable<LeakOperation> Forged(Endpoint endpoint, RequestPlan plan)
    {
        foreach (var naming in options.Naming)
        {
            foreach (var (how, names) in Forgeries(naming))
            {
                yield return new LeakOperation($"{endpoint.Name} naming the twin by {how}", IsRead: false, async (twin, other, cancellationToken) =>
                {
                    var request = EndpointRequests.Name(requests.MakeUnnamed(endpoint, twin, plan), names(twin.Id.Value, other.Id.Value));
                    var answer = await twin.SendAsync(request, cancellationToken);
                    if (answer.IsSuccess && endpoint.Parameters.Any(parameter => EndpointRequests.IsNaming(naming, parameter)))
                        throw new CheckFailedException($"somebody of '{twin.Id}' was let in for '{other.Id}', which the request named by {how}:\n  {request}\n  {answer.Text}");
                    return answer.Text;
                });
            }
        }
    }

    /// <summary>The twin named in one place and the tenant in the others, and the twin in all of them.</summary>
    private IEnumerable<(string How, Func<string, string, IEnumerable<(TenantNaming, string)>> Names)> Forgeries(TenantNaming forged)
    {
        yield return ($"{forged}", (own, twin) => options.Naming.Select(naming => (naming, naming == forged ? twin : own)));
        if (forged is TenantNaming.Header)
            yield return ($"{forged} too", (own, twin) => options.Naming.Select(naming => (naming, naming == forged ? $"{own},{twin}" : own)));
        if (options.Naming.Length > 1 && forged == options.Naming[0])
            yield return ("every place", (_, twin) => options.Naming.Select(naming => (naming, twin)));
    }

    private IEnumerable<LeakOperation> Unnamed(Endpoint endpoint, RequestPlan plan, HttpClient? anonymous)
    {
        yield return new LeakOperation($"{endpoint.Name} naming no tenant", IsRead: false, async (twin, other, cancellationToken) =>
        {
            var request = requests.MakeUnnamed(endpoint, twin, plan);
            var answer = await twin.SendAsync(request, cancellationToken);
            if (answer.IsSuccess && endpoint.Parameters.Any(parameter => parameter.IsRequired && options.Naming.Any(naming => EndpointRequests.IsNaming(naming, parameter))))
                throw new CheckFailedException($"a request that names no tenant was let in, although the endpoint says that it must:\n  {request}\n  {answer.Text}");
            return answer.Text;
        });
        if (anonymous is null)
            yield break;
        yield return new LeakOperation($"{endpoint.Name} naming the twin, by nobody", IsRead: false, async (twin, other, cancellationToken) =>
        {
            var request = EndpointRequests.Name(requests.MakeUnnamed(endpoint, twin, plan), options.Naming.Select(naming => (naming, other.Id.Value)));
            var answer = await twin.SendAsync(request, anonymous, cancellationToken);
            if (answer.IsSuccess && endpoint.IsSecured)
                throw new CheckFailedException($"somebody who isn't authenticated was let in for '{other.Id}':\n  {request}\n  {answer.Text}");
            return answer.Text;
        });
    }

    private IEnumerable<LeakOperation> WithTokens(Endpoint endpoint, RequestPlan plan)
    {
        foreach (var parameter in endpoint.Parameters.Where(parameter => parameter.In == "query" && Tokens.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase)))
            yield return With("page token", $"$token {endpoint.Name}", (guessed, request, token) => (SetQuery(guessed, parameter.Name, token), request));
        foreach (var header in (string[])["If-Match", "If-None-Match"])
        {
            if (endpoint.IsRead == (header == "If-None-Match"))
                yield return With($"entity tag in {header}", "$etag", (guessed, request, tag) => (guessed, one => request(one).With(header, tag)));
        }

        if (endpoint.IsCreation && endpoint.Declares("Idempotency-Key", "header") && story.PlanOf(endpoint) is not null)
        {
            yield return new LeakOperation($"{endpoint.Name} with a key of the twin's", IsRead: false, async (twin, _, cancellationToken) =>
                (await story.SendAsync(endpoint, twin, plan, KeyOfTwin(endpoint), cancellationToken)).Text);
        }

        LeakOperation With(string what, string kind, Func<RequestPlan, Func<EndpointRequest, EndpointRequest>, string, (RequestPlan, Func<EndpointRequest, EndpointRequest>)> change) =>
            new($"{endpoint.Name} with the twin's {what}", IsRead: false, async (twin, other, cancellationToken) =>
            {
                if (other.Book.Of(kind) is not [var theirs, ..])
                    return "the twin has none";
                var (guessed, alter) = change(plan.Clone(), one => one, theirs);
                var request = alter(requests.Make(endpoint, twin, guessed));
                return (await twin.SendAsync(request, cancellationToken)).Text;
            });
    }

    /// <summary>The twin has used this key once, and the tenant never.</summary>
    public static string KeyOfTwin(Endpoint endpoint) => $"leakage-twin-{endpoint.Name.Replace(' ', '-')}";

    private static RequestPlan SetQuery(RequestPlan plan, string name, string value)
    {
        plan.Optional.Add(name);
        plan.Fixed[name] = value;
        return plan;
    }

    /// <summary>Page tokens, and entity tags: the tag of what holds a tenant's secrets is another for each tenant.</summary>
    private static void NoteTokens(Endpoint endpoint, Twin twin, EndpointAnswer answer)
    {
        if (answer.HeaderOf("ETag") is { } tag && twin.Secrets.Find(answer.Body, withIds: false, static _ => false) is not null)
            twin.Secrets.AddId(tag.Trim('"'));
        if (answer.Json() is not JsonObject page)
            return;
        foreach (var name in Tokens)
        {
            if (page[name] is JsonValue token && token.GetValueKind() == JsonValueKind.String)
                twin.Book.Add($"$token {endpoint.Name}", token.ToString());
        }
    }
}
