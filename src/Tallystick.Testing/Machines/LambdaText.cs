using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>The source text of lambda expressions.</summary>
internal static class LambdaText
{
    /// <summary>The expression with its parameter's type, so that it compiles where nothing else tells the type.</summary>
    public static string Typed(string text, Type type)
    {
        var name = CSharpText.TypeName(type);
        var arrow = text.IndexOf("=>", StringComparison.Ordinal);
        var parameter = arrow < 0 ? "" : text[..arrow].Trim();
        if (parameter.StartsWith("static ", StringComparison.Ordinal))
            parameter = parameter["static ".Length..].Trim();
        var isName = parameter.Length > 0 && parameter.All(c => char.IsLetterOrDigit(c) || c is '_' or '@');
        if (isName)
            return $"({name} {parameter}) {text[arrow..]}";
        return arrow < 0 ? $"({name} state) => ({text})(state)" : text;
    }
}
