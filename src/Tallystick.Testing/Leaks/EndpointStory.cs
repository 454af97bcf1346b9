using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tallystick.Testing.Leaks;

/// <summary>
/// Finds out how each endpoint answers with success: requests are made from the schemas, sent, and changed by what their refusals say. Requests that succeed
/// give ids to later ones. The twin gets the same requests in the same order.
/// </summary>
internal sealed class EndpointStory(EndpointRequests requests, LeakageOptions options)
{
    private const int RoundsMax = 4;
    private const string KeyHeader = "Idempotency-Key";

    private readonly List<(Endpoint Endpoint, RequestPlan Plan)> _succeeded = [];
    private readonly SortedDictionary<string, string> _lastRefusals = new(StringComparer.Ordinal);
    private int _keys;

    public ImmutableArray<Endpoint> Endpoints => requests.Document.Endpoints;

    /// <summary>How an endpoint has succeeded last; null if it never has.</summary>
    public RequestPlan? PlanOf(Endpoint endpoint) => _succeeded.FindLast(one => one.Endpoint == endpoint).Plan;

    /// <summary>The endpoints that never succeeded, with the last answer of each.</summary>
    public IEnumerable<(string Name, string Refusal)> Unanswered() => Endpoints.Where(endpoint => PlanOf(endpoint) is null)
        .Select(endpoint => (endpoint.Name, _lastRefusals.GetValueOrDefault(endpoint.Name, "it was never tried")));

    /// <summary>Tells the story of the first tenant.</summary>
    public async Task TellAsync(Twin twin, Func<Endpoint, EndpointAnswer, Task> look, CancellationToken cancellationToken)
    {
        for (var round = 0; round < RoundsMax && Endpoints.Any(NeedsSuccess); round++)
        {
            // What makes something comes first, so that the others have something to work on.
            foreach (var endpoint in Endpoints.OrderBy(endpoint => !endpoint.IsCreation).ThenBy(endpoint => endpoint.Method == "DELETE" && round == 0))
            {
                if (PlanOf(endpoint) is null ? round == 0 || NeedsSuccess(endpoint) : endpoint.IsCreation)
                    await TryAsync(endpoint, twin, look, cancellationToken);
            }
        }

        // So that something is left that an operation on everything could destroy.
        foreach (var endpoint in Endpoints.Where(endpoint => endpoint.IsCreation && PlanOf(endpoint) is not null))
            await TryAsync(endpoint, twin, look, cancellationToken);
    }

    /// <summary>Sends the same requests as the twin.</summary>
    /// <exception cref="CheckFailedException">One isn't answered with success.</exception>
    public async Task RepeatAsync(Twin twin, Twin other, Func<Endpoint, EndpointAnswer, Task> look, CancellationToken cancellationToken)
    {
        _keys = 0;
        foreach (var (endpoint, plan) in _succeeded)
        {
            var answer = await SendAsync(endpoint, twin, plan, null, cancellationToken);
            await look(endpoint, answer);
            if (!answer.IsSuccess)
            {
                throw new CheckFailedException(
                    $"{endpoint.Name} was answered with success for tenant '{other.Id}', but not for its twin '{twin.Id}' with the same history, as if the two knew of each other:\n"
                    + $"  {answer.Request}\n  {answer.Text}");
            }

            Learn(endpoint, twin, answer);
        }

        // Keys that the tenant hasn't used itself.
        foreach (var (endpoint, plan) in _succeeded.Where(one => one.Endpoint.IsCreation && one.Endpoint.Declares(KeyHeader, "header")).DistinctBy(one => one.Endpoint))
            await look(endpoint, await SendAsync(endpoint, twin, plan, EndpointOperations.KeyOfTwin(endpoint), cancellationToken));
    }

    /// <summary>Sends the request of a plan, with a key of its own if it takes one.</summary>
    public async Task<EndpointAnswer> SendAsync(Endpoint endpoint, Twin twin, RequestPlan plan, string? key, CancellationToken cancellationToken)
    {
        var request = requests.Make(endpoint, twin, plan);
        if (endpoint.Declares(KeyHeader, "header"))
            request = request.With(KeyHeader, key ?? FormattableString.Invariant($"leakage-http-{_keys}"));
        var answer = await twin.SendAsync(request, cancellationToken);
        _keys += answer.IsSuccess && key is null ? 1 : 0;
        return answer;
    }

    /// <summary>Notes what later requests can refer to, and the ids that the application has given to this tenant.</summary>
    public static void Learn(Endpoint endpoint, Twin twin, EndpointAnswer answer)
    {
        Note(twin, answer.Request.Body is { } body ? JsonNode.Parse(body) : null);
        if (answer.HeaderOf("ETag") is { } tag)
            twin.Book.Add("$etag", tag);
        if (!endpoint.IsCreation)
            return;
        var location = answer.HeaderOf("Location")?.TrimEnd('/').Split('/');
        var id = location is [.., var last] ? Uri.UnescapeDataString(last) : answer.Json() is JsonObject made && made["id"] is JsonValue value ? value.ToString() : null;
        if (id is null)
            return;
        twin.Book.AddEntity(location is [.., var kind, _] && kind.Length > 0 ? kind : endpoint.Path.Split('/')[^1], id);
        if (!answer.Request.Said.Contains(id, StringComparison.Ordinal))
            twin.Secrets.AddId(id);
    }

    private bool NeedsSuccess(Endpoint endpoint) => PlanOf(endpoint) is null && !options.Excuses.ContainsKey(endpoint.Name);

    private async Task TryAsync(Endpoint endpoint, Twin twin, Func<Endpoint, EndpointAnswer, Task> look, CancellationToken cancellationToken)
    {
        var plan = PlanOf(endpoint)?.Clone() ?? new RequestPlan();
        for (var attempt = 0; attempt < (options.Excuses.ContainsKey(endpoint.Name) ? 1 : options.AttemptsMax); attempt++)
        {
            var answer = await SendAsync(endpoint, twin, plan, null, cancellationToken);
            await look(endpoint, answer);
            if (answer.IsSuccess)
            {
                _succeeded.Add((endpoint, plan.Clone()));
                Learn(endpoint, twin, answer);
                return;
            }

            _lastRefusals[endpoint.Name] = $"{answer.Status} to {answer.Request}";
            if (answer.Status is 401 or 403)
                return; // Another body opens no door.
            plan.MoveOn(answer.Blamed());
        }
    }

    private static void Note(Twin twin, JsonNode? sent)
    {
        foreach (var (name, value) in sent as JsonObject ?? [])
        {
            if (value is JsonValue text && text.GetValueKind() == JsonValueKind.String)
                twin.Book.Add(name, text.ToString());
            else if (value is JsonArray many)
                many.ToList().ForEach(item => Note(twin, item));
            else
                Note(twin, value);
        }
    }
}
