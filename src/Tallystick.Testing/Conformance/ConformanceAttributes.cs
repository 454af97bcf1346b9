namespace Tallystick.Testing.Conformance;

/// <summary>Marks a method of a <see cref="ConformanceArea"/> as a test; its name is a sentence.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ConformanceAttribute : Attribute
{
    /// <summary>What a provider must be able to do for the test to mean something.</summary>
    public StoreCapabilities Needs { get; init; }
}

/// <summary>The arguments of a test: each row is a test of its own.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class RowAttribute(params object?[] arguments) : Attribute
{
    public object?[] Arguments { get; } = arguments;
}

/// <summary>The arguments of a test, each a text from a table: each is a test of its own.</summary>
/// <param name="table">The class with the table.</param>
/// <param name="method">Its static method that gives the texts.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RowsAttribute(Type table, string method) : Attribute
{
    public IEnumerable<string> Texts => (IEnumerable<string>)table.GetMethod(method)!.Invoke(null, null)!;
}
