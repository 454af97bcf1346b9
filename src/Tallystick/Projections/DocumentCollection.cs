using System.Collections.Immutable;
using System.Linq.Expressions;
using System.Text.Json;
using Tallystick.Storage;

namespace Tallystick.Projections;

/// <summary>A collection of documents that a projection writes. Declared in the projection's constructor, then never changed.</summary>
public abstract class DocumentCollection
{
    private protected DocumentCollection(Projection owner, string name, int ordinal) => (Owner, Name, Ordinal) = (owner, name, ordinal);

    /// <summary>The name under which it is stored.</summary>
    public string Name { get; }

    /// <summary>The type of its documents.</summary>
    public abstract Type DocumentType { get; }

    /// <summary>The declared indexes, in the order of their declaration.</summary>
    public abstract ImmutableArray<string> IndexNames { get; }

    internal Projection Owner { get; }

    /// <summary>Its place among the projection's collections.</summary>
    internal int Ordinal { get; }

    internal abstract CollectionBuffer CreateBuffer();
}

/// <summary>A collection of documents that a projection writes.</summary>
/// <typeparam name="TDocument">An immutable record that survives a round trip through JSON unchanged.</typeparam>
public sealed class DocumentCollection<TDocument> : DocumentCollection
    where TDocument : class
{
    private readonly List<Entry> _indexes = [];

    internal DocumentCollection(Projection owner, string name, int ordinal)
        : base(owner, name, ordinal)
    {
    }

    /// <inheritdoc/>
    public override Type DocumentType => typeof(TDocument);

    /// <inheritdoc/>
    public override ImmutableArray<string> IndexNames => [.. _indexes.Select(index => index.Name)];

    /// <summary>Declares an index, by which documents can be filtered and ordered. Its name is the property's, in camelCase.</summary>
    /// <param name="property">One property of the document, such as <c>order => order.Status</c>.</param>
    /// <exception cref="ArgumentException">It isn't one property, or it is declared twice.</exception>
    /// <exception cref="NotSupportedException">Values of its type can't be indexed; the message names those that can.</exception>
    public DocumentCollection<TDocument> Index<TValue>(Expression<Func<TDocument, TValue>> property)
    {
        Owner.DemandUnsealed();
        var name = IndexName(property);
        if (_indexes.Exists(index => index.Name == name))
            throw new ArgumentException($"Collection '{Name}' declares the index '{name}' twice.", nameof(property));
        DemandIndexable(typeof(TValue), name);
        var read = property.Compile();
        _indexes.Add(new Entry(name, document => IndexValue.FromObject(read(document))));
        return this;
    }

    internal static string IndexName<TValue>(Expression<Func<TDocument, TValue>> property)
    {
        ArgumentNullException.ThrowIfNull(property);
        return property.Body is MemberExpression { Expression: ParameterExpression } member
            ? JsonNamingPolicy.CamelCase.ConvertName(member.Member.Name)
            : throw new ArgumentException($"'{property}' isn't one property of {typeof(TDocument).Name}, such as x => x.Status.", nameof(property));
    }

    /// <summary>The name of a declared index.</summary>
    /// <exception cref="ArgumentException">It isn't declared; the message names those that are.</exception>
    internal string DeclaredIndex<TValue>(Expression<Func<TDocument, TValue>> property)
    {
        var name = IndexName(property);
        if (_indexes.Exists(index => index.Name == name))
            return name;
        var declared = _indexes.Count == 0 ? "It declares none" : $"Its indexes are {string.Join(", ", IndexNames)}";
        throw new ArgumentException(
            $"Collection '{Name}' has no index '{name}'. {declared}. Declare Index(x => x.{property.Body.ToString().Split('.')[^1]}) in {Owner.GetType().Name}.",
            nameof(property));
    }

    internal override CollectionBuffer CreateBuffer() => new CollectionBuffer<TDocument>(this);

    internal ImmutableArray<IndexEntry> IndexEntries(TDocument document)
    {
        var entries = ImmutableArray.CreateBuilder<IndexEntry>(_indexes.Count);
        foreach (var index in _indexes)
            entries.Add(new IndexEntry(index.Name, index.Read(document)));
        return entries.MoveToImmutable();
    }

    private static void DemandIndexable(Type type, string name)
    {
        var actual = Nullable.GetUnderlyingType(type) ?? type;
        var known = actual == typeof(string) || actual == typeof(bool) || actual.IsEnum || actual == typeof(decimal)
            || actual == typeof(byte) || actual == typeof(sbyte) || actual == typeof(short) || actual == typeof(ushort)
            || actual == typeof(int) || actual == typeof(uint) || actual == typeof(long) || actual == typeof(ulong)
            || actual == typeof(DateTimeOffset) || actual == typeof(DateOnly) || actual == typeof(Guid);
        if (!known)
        {
            throw new NotSupportedException(
                $"Index '{name}' of {typeof(TDocument).Name} has type {actual}, which can't be indexed: use text, bool, an enum, a whole or decimal number, DateTimeOffset, DateOnly or Guid.");
        }
    }

    private sealed record Entry(string Name, Func<TDocument, IndexValue> Read);
}
