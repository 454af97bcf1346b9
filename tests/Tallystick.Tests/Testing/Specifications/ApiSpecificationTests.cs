using System.Net;
using System.Text;
using Tallystick.Testing;
using Tallystick.Testing.Specifications;
using static Tallystick.Testing.Specifications.ApiRequest;

namespace Tallystick.Tests.Testing.Specifications;

public sealed class ApiSpecificationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_an_answer_holds_can_be_caught_for_later_requests()
    {
        using var client = Client(out var requests);

        await Specification.ForApi(client).As("secret").With("X-Tenant-Id", "acme")
            .Given(Post("/books", new { title = "Emma" })).ThenHeader("Location", "/books/{book}")
            .When(Get("/books/{book}").With("X-Seen", "{book}")).Then(HttpStatusCode.OK)
            .ThenJson("""{ "id": "{book}", "copies": "{copies}", "tags": ["{first}", "new"] }""")
            .When(Post("/books/{book}/copies", new { count = "{copies}", tag = "{first}" })).Then(201)
            .RunAsync(Token);

        Assert.Equal(
            [
                "POST http://localhost/books Bearer secret acme  {\"title\":\"Emma\"}",
                "GET http://localhost/books/42 Bearer secret acme 42 ",
                "POST http://localhost/books/42/copies Bearer secret acme  {\"count\":\"3\",\"tag\":\"classic\"}",
            ],
            requests);
    }

    [Fact]
    public async Task Another_status_is_told_with_the_request_for_a_shell_and_the_answer()
    {
        using var client = Client(out _);

        Assert.Equal(
            """
            The status 200 (OK) was expected, but it is 422 (UnprocessableEntity).

            curl -i -X POST 'http://localhost/refused' -H "Authorization: Bearer $TOKEN" -H 'X-Tenant-Id: acme' -H 'Content-Type: application/json' -d '{"title":"It'\''s"}'

            422 UnprocessableEntity
            Content-Type: application/problem+json

            {
              "code": "book-refused",
              "title": "No."
            }
            """,
            await Failure.OfAsync(() => Specification.ForApi(client).As("secret").With("X-Tenant-Id", "acme")
                .When(Post("/refused", """{"title":"It's"}""")).Then(200).RunAsync(Token)));
    }

    [Fact]
    public async Task Each_expectation_can_fail()
    {
        using var client = Client(out _);
        async Task Fails(string message, Func<ApiSpecification, ApiSpecification> then, ApiRequest? request = null) => Assert.StartsWith(
            message, await Failure.OfAsync(() => then(Specification.ForApi(client).When(request ?? Get("/books/42"))).RunAsync(Token)), StringComparison.Ordinal);

        await Fails("The header ETag was expected, but there is none.\n\ncurl -i 'http://localhost/books/42'", api => api.ThenHeader("ETag", "1"));
        await Fails("The header X-Kind was expected to be \"magazine\", but it is \"book\".", api => api.ThenHeader("X-Kind", "magazine"));
        await Fails("A problem with the code \"book-gone\" was expected, but the content type is application/json", api => api.ThenProblem("book-gone"));
        await Fails("A problem with the code \"book-gone\" was expected, but its code is \"book-refused\".", api => api.ThenProblem("book-gone"), Post("/refused"));
        await Fails("JSON was expected, but the body isn't.", api => api.ThenJson(new { }), Get("/text"));
        await Fails("A request that was given must succeed, but it didn't.", api => api.Given(Post("/refused")));
    }

    [Theory]
    [InlineData("""{ "id": "43" }""", "$.id: expected \"43\", but it is \"42\"")]
    [InlineData("""{ "copies": 4 }""", "$.copies: expected 4, but it is 3")]
    [InlineData("""{ "author": { "name": "Jane" } }""", "$.author.name: expected \"Jane\", but it is \"Jane Austen\"")]
    [InlineData("""{ "author": null }""", "$.author: expected null, but it is {\"name\":\"Jane Austen\"}")]
    [InlineData("""{ "year": 1815 }""", "$.year: missing, expected 1815; there are id, copies, price, author, tags")]
    [InlineData("""{ "tags": ["classic"] }""", "$.tags[1]: not expected: \"new\"")]
    [InlineData("""{ "tags": ["classic", "new", "red"] }""", "$.tags[2]: missing, expected \"red\"")]
    [InlineData("""{ "id": "{x}", "tags": ["{x}", "new"] }""", "$.tags[0]: expected \"{x}\", but it is \"classic\"")]
    public async Task Other_json_is_told_with_its_place(string expected, string difference)
    {
        using var client = Client(out _);

        var message = await Failure.OfAsync(() => Specification.ForApi(client).When(Get("/books/42")).ThenJson(expected).RunAsync(Token));

        Assert.StartsWith($"Other JSON was expected.\n  {difference}\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_are_equal_by_value_and_what_is_not_named_does_not_matter()
    {
        using var client = Client(out _);

        await Specification.ForApi(client).When(Get("/books/42")).ThenJson(new { price = 12.5m, author = new { } }).RunAsync(Token);
    }

    [Fact]
    public async Task An_expectation_needs_a_request_first()
    {
        using var client = Client(out _);

        Assert.Equal("No request has been sent yet. Call When before it.", await Failure.OfAsync(() => Specification.ForApi(client).Then(200).RunAsync(Token)));
    }

    private static HttpClient Client(out List<string> requests) => new(new Books(requests = [])) { BaseAddress = new Uri("http://localhost") };

    /// <summary>Answers by the path, and notes what was asked.</summary>
    private sealed class Books(List<string> requests) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string Header(string name) => request.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : "";
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            requests.Add($"{request.Method} {request.RequestUri} {Header("Authorization")} {Header("X-Tenant-Id")} {Header("X-Seen")} {body}");
            var response = (request.Method.Method, request.RequestUri!.AbsolutePath) switch
            {
                ("POST", "/books") => new HttpResponseMessage(HttpStatusCode.Created) { Headers = { Location = new Uri("/books/42", UriKind.Relative) } },
                ("POST", "/refused") => Json(HttpStatusCode.UnprocessableEntity, """{"code":"book-refused","title":"No."}""", "application/problem+json"),
                ("POST", _) => new HttpResponseMessage(HttpStatusCode.Created),
                (_, "/text") => new HttpResponseMessage { Content = new StringContent("plain") },
                _ => Json(HttpStatusCode.OK, """{"id":"42","copies":3,"price":12.50,"author":{"name":"Jane Austen"},"tags":["classic","new"]}""", "application/json"),
            };
            response.Headers.Add("X-Kind", "book");
            if (request.RequestUri.AbsolutePath == "/refused")
                response.Headers.Remove("X-Kind");
            return response;
        }

        private static HttpResponseMessage Json(HttpStatusCode status, string body, string type) =>
            new(status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { { "Content-Type", type } } } };
    }
}
