using Tallystick.Tests.Conventions;

namespace Tallystick.Tests.Docs;

/// <summary>What readers copy from the documentation compiles.</summary>
public sealed class SnippetTests
{
    public static TheoryData<string> Documents =>
        [.. Repository.Files(".md").Where(path => path == "README.md" || path.StartsWith("docs/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_block_of_csharp_in_the_documentation_compiles(string path) => Offences.None(
        "Doesn't compile (SnippetCompiler.cs says how blocks are put together):", Problems(path, Repository.Read(path)));

    [Fact]
    public void Types_statements_and_usings_of_a_document_are_one_program() => Assert.Empty(Of(
        """
        # Title
        ```csharp
        using Tallystick.Commands;
        using Tallystick.Events;

        public abstract record OrderEvent
        {
            [EventType("order.placed")]
            public sealed record Placed(decimal Total) : OrderEvent;
        }
        ```
        Text, then the whole of a Program.cs:
        ```csharp
        using Tallystick.Tenancy;

        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddTallystick(app => app.UseSqlite("orders.db").AddEvents(typeof(OrderEvent.Placed)));
        var app = builder.Build();
        app.MapGet("/", async (Tenants tenants, CancellationToken token) => await tenants.GetAsync(Names.Acme, token));
        await app.RunAsync();

        public static class Names
        {
            public static TenantId Acme { get; } = TenantId.Parse("acme");
        }
        ```
        """));

    [Fact]
    public void Statements_are_given_what_the_comment_says_and_may_go_on_in_the_next_block() => Assert.Empty(Of(
        """
        <!-- snippet: given Tallystick.Tenancy.Tenant tenant, CancellationToken cancellationToken -->
        ```csharp
        var found = await tenant.VerifyAsync(null, cancellationToken);
        ```
        and then
        <!-- snippet: continues -->

        ```csharp
        Debug(found.IsIntact);

        static void Debug(bool value)
        {
        }
        ```
        - in a list, with names that were used before

          ```csharp
          var found = 1;
          if (found > 0)
              return;
          ```
        """));

    [Fact]
    public void What_does_not_compile_is_reported_with_the_documents_line()
    {
        var problems = Of(
            """
            # Title

            ```csharp
            public sealed record Fine(int A);
            ```

            ```csharp
            var fine = new Fine(1);

            var wrong = fine.B;
            ```

            ```csharp
            public sealed class Odd
            {
                public Missing M { get; }
            }
            ```
            """);
        Assert.Collection(
            problems,
            problem => Assert.StartsWith("x.md:10 CS1061", problem, StringComparison.Ordinal),
            problem => Assert.StartsWith("x.md:16 CS0246", problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("var x = ;", "x.md:2 CS1525")]
    [InlineData("int F(", "x.md:2 CS")]
    [InlineData("}", "x.md:2 CS1022")]
    [InlineData("using Nowhere;", "CS0246")]
    [InlineData("var a = 1;\nvar a = 2;", "x.md:3 CS0128")]
    public void Malformed_code_is_reported(string code, string expected) =>
        Assert.Contains(Of($"```csharp\n{code}\n```"), problem => problem.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("```csharp no-compile\nnonsense\n```", "needs a reason")]
    [InlineData("<!-- no-compile: -->\n```csharp no-compile\nnonsense\n```", "needs a reason")]
    [InlineData("```cs\nvar x = 1;\n```", "write ```csharp")]
    [InlineData("```C#\nvar x = 1;\n```", "write ```csharp")]
    [InlineData("```csharp nocompile\nvar x = 1;\n```", "is unknown")]
    [InlineData("```csharp\nvar x = 1;", "isn't closed")]
    [InlineData("<!-- snippet: uses x -->\n```csharp\nvar x = 1;\n```", "write <!-- snippet: given")]
    public void A_block_that_would_escape_the_compiler_is_reported(string text, string expected) =>
        Assert.Contains(Of(text), problem => problem.StartsWith("x.md:", StringComparison.Ordinal) && problem.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("<!-- no-compile: shows an older version's API -->\n```csharp no-compile\nnonsense\n```")]
    [InlineData("```json\n{ \"a\": }\n```")]
    [InlineData("````md\n```csharp\nnonsense\n```\n````")]
    [InlineData("no code at all")]
    public void Other_blocks_are_left_alone(string text) => Assert.Empty(Of(text));

    private static IReadOnlyList<string> Of(string text) => Problems("x.md", text);

    private static IReadOnlyList<string> Problems(string path, string text)
    {
        var document = Markdown.Parse(path, text);
        return [.. document.Problems, .. document.Snippets.Count == 0 ? [] : SnippetCompiler.Check(document)];
    }
}
