using Tallystick.Tenancy;

namespace Tallystick.Testing.Leaks;

/// <summary>One of the two tenants, with all that the check knows of it.</summary>
internal sealed class Twin(TenantId id, Secrets secrets, HttpClient? client)
{
    private Tenant? _handle;

    public TenantId Id => id;

    public Secrets Secrets => secrets;

    /// <summary>Authenticated as somebody of this tenant.</summary>
    public HttpClient Client => client ?? throw new InvalidOperationException("HTTP isn't checked, so there is no client.");

    /// <summary>The tenant's handle, as soon as there is a tenant.</summary>
    public Tenant Handle
    {
        get => _handle ?? throw new InvalidOperationException($"Tenant '{id}' hasn't been made yet.");
        set => _handle = value;
    }

    /// <summary>The last request that it has sent, for messages; null if it has sent none lately.</summary>
    public EndpointRequest? LastRequest { get; set; }

    /// <summary>What its requests can refer to.</summary>
    public ValueBook Book { get; } = new();

    /// <summary>What it has sent itself, and so knows by right.</summary>
    public SentTexts Sent { get; } = new();

    /// <summary>Sends a request.</summary>
    public Task<EndpointAnswer> SendAsync(EndpointRequest request, CancellationToken cancellationToken) => SendAsync(request, Client, cancellationToken);

    /// <summary>Sends a request by another client.</summary>
    public Task<EndpointAnswer> SendAsync(EndpointRequest request, HttpClient by, CancellationToken cancellationToken)
    {
        Sent.Add(request.Said);
        LastRequest = request;
        return EndpointAnswer.SendAsync(by, request, cancellationToken);
    }
}

/// <summary>Texts that were sent, to be asked whether something was in one of them.</summary>
internal sealed class SentTexts
{
    private readonly List<string> _texts = [];

    public void Add(string text)
    {
        if (text.Length > 0)
            _texts.Add(text);
    }

    public bool Has(string token) => _texts.Exists(text => text.Contains(token, StringComparison.OrdinalIgnoreCase));
}

/// <summary>
/// What a tenant's requests can refer to: ids of entities by their kind, and values by the name of the field in which they were sent. Equal steps give the
/// twins equal books, but for the values.
/// </summary>
internal sealed class ValueBook
{
    private readonly SortedDictionary<string, List<string>> _values = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _entities = new(StringComparer.Ordinal);

    /// <summary>The kinds of which there are entities with ids.</summary>
    public IEnumerable<string> Entities => _entities;

    /// <summary>Notes the id of an entity.</summary>
    public void AddEntity(string kind, string id)
    {
        _entities.Add(Kind(kind));
        Add(kind, id);
    }

    public void Add(string kind, string value)
    {
        kind = Kind(kind);
        if (!_values.TryGetValue(kind, out var values))
            _values.Add(kind, values = []);
        values.Remove(value);
        values.Add(value);
    }

    /// <summary>The values of a kind, the newest first.</summary>
    public IReadOnlyList<string> Of(string kind) => _values.TryGetValue(Kind(kind), out var values) ? [.. values.AsEnumerable().Reverse()] : [];

    /// <summary>Names of one kind: <c>orders</c>, <c>order</c>, <c>orderId</c>, <c>order_id</c>.</summary>
    public static string Kind(string name)
    {
        var kind = name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        kind = kind.Length > 2 && kind.EndsWith("id", StringComparison.Ordinal) ? kind[..^2] : kind;
        return kind.EndsWith("ies", StringComparison.Ordinal) ? kind[..^3] + "y"
            : kind.Length > 1 && kind.EndsWith('s') && !kind.EndsWith("ss", StringComparison.Ordinal) ? kind[..^1] : kind;
    }
}
