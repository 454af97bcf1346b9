using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// What an application answers over HTTP: given requests that succeed, when a request is sent, then a status, headers and JSON. Begins at
/// <see cref="Specification.ForApi"/>; nothing is sent before <see cref="RunAsync"/>. Each step gives a new value, so that specifications can
/// share their beginning.
/// </summary>
/// <remarks>
/// <c>{name}</c> in an expected header or JSON string matches anything the first time it is met and catches it; from then on it stands for what
/// it caught, in expectations as in later requests: <c>ThenHeader("Location", "/orders/{id}")</c>, then <c>When(Get("/orders/{id}"))</c>.
/// </remarks>
public sealed class ApiSpecification
{
    private readonly HttpClient _client;
    private readonly ImmutableArray<(string Name, string Value)> _headers;
    private readonly ImmutableArray<Func<Run, Task>> _steps;

    internal ApiSpecification(HttpClient client)
        : this(client, [], [])
    {
    }

    private ApiSpecification(HttpClient client, ImmutableArray<(string, string)> headers, ImmutableArray<Func<Run, Task>> steps) =>
        (_client, _headers, _steps) = (client, headers, steps);

    /// <summary>The requests that follow carry this access token.</summary>
    public ApiSpecification As(string token) => With("Authorization", $"Bearer {token}");

    /// <summary>The requests that follow carry this header, instead of an earlier one with the same name.</summary>
    public ApiSpecification With(string header, string value) =>
        new(_client, [.. _headers.Where(one => !one.Name.Equals(header, StringComparison.OrdinalIgnoreCase)), (header, value)], _steps);

    /// <summary>These requests are sent, one after the other; each must be answered with a status of success.</summary>
    public ApiSpecification Given(params ApiRequest[] requests)
    {
        var next = this;
        foreach (var request in requests)
        {
            next = next.When(request).Step(run => run.Demand(
                run.Answer!.Status is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices, "A request that was given must succeed, but it didn't."));
        }

        return next;
    }

    /// <summary>This request is sent.</summary>
    public ApiSpecification When(ApiRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var headers = _headers;
        return new(_client, _headers, _steps.Add(async run => run.Answer = await run.SendAsync(request, headers)));
    }

    /// <summary>It was answered with this status.</summary>
    public ApiSpecification Then(HttpStatusCode status) => Step(run => run.Demand(
        run.Answered.Status == status, $"The status {Words(status)} was expected, but it is {Words(run.Answered.Status)}."));

    /// <summary>It was answered with this status.</summary>
    public ApiSpecification Then(int status) => Then((HttpStatusCode)status);

    /// <summary>The answer has this header.</summary>
    /// <param name="header">Its name.</param>
    /// <param name="value">Its value, which may catch parts: <c>/orders/{id}</c>.</param>
    public ApiSpecification ThenHeader(string header, string value) => Step(run =>
    {
        var found = run.Answered.Headers[header].ToArray();
        run.Demand(found.Any(one => run.Captures.Matches(value, one)), found.Length == 0
            ? $"The header {header} was expected, but there is none."
            : $"The header {header} was expected to be \"{run.Captures.Fill(value)}\", but it is \"{string.Join("\", \"", found)}\".");
    });

    /// <summary>The answer is a problem (RFC 9457) with this code.</summary>
    /// <param name="code">Its member <c>code</c>, such as <c>order-empty</c>.</param>
    public ApiSpecification ThenProblem(string code) => Step(run =>
    {
        var type = run.Answered.Headers["Content-Type"].FirstOrDefault() ?? "none";
        run.Demand(type.StartsWith("application/problem+json", StringComparison.Ordinal), $"A problem with the code \"{code}\" was expected, but the content type is {type}.");
        var actual = run.Answered.Json() is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("code", out var found) ? found.ToString() : "none";
        run.Demand(actual == code, $"A problem with the code \"{code}\" was expected, but its code is \"{actual}\".");
    });

    /// <summary>The answer's JSON has at least this: of objects only the properties that are named are compared, of arrays every element.</summary>
    /// <param name="expected">An object, anonymous or not, that is written as JSON; or a string of JSON.</param>
    public ApiSpecification ThenJson(object expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        var text = expected as string ?? JsonSerializer.Serialize(expected, expected.GetType(), ApiRequest.JsonOptions);
        using var document = JsonDocument.Parse(text);
        var wanted = document.RootElement.Clone();
        return Step(run =>
        {
            var actual = run.Answered.Json();
            run.Demand(actual is not null, "JSON was expected, but the body isn't.");
            var differences = JsonSubset.Differences(wanted, actual!.Value, run.Captures);
            run.Demand(differences.Count == 0, $"Other JSON was expected.\n  {string.Join("\n  ", differences)}");
        });
    }

    /// <summary>Sends the requests and checks the answers, in the order of the calls.</summary>
    /// <param name="cancellationToken">Carries the deadline.</param>
    /// <exception cref="CheckFailedException">An answer isn't as expected; the message shows the request as a line for a shell, and the answer.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        var run = new Run(_client, cancellationToken);
        foreach (var step in _steps)
            await step(run);
    }

    private static string Words(HttpStatusCode status) => FormattableString.Invariant($"{(int)status} ({status})");

    private ApiSpecification Step(Action<Run> check) => new(_client, _headers, _steps.Add(run =>
    {
        check(run);
        return Task.CompletedTask;
    }));

    /// <summary>One run, with what it has caught.</summary>
    private sealed class Run(HttpClient client, CancellationToken cancellationToken)
    {
        public Captures Captures { get; } = new();

        public ApiAnswer? Answer { get; set; }

        public ApiAnswer Answered => Answer ?? throw new CheckFailedException("No request has been sent yet. Call When before it.");

        public Task<ApiAnswer> SendAsync(ApiRequest request, ImmutableArray<(string Name, string Value)> headers)
        {
            var filled = request with { Path = Captures.Fill(request.Path), Body = request.BodyText is { } body ? Captures.Fill(body) : null };
            return ApiAnswer.SendAsync(client, filled, headers.Concat(request.Headers).Select(one => (one.Name, Captures.Fill(one.Value))), cancellationToken);
        }

        public void Demand(bool holds, string otherwise)
        {
            if (!holds)
                throw new CheckFailedException($"{otherwise}\n\n{Answered}");
        }
    }
}
