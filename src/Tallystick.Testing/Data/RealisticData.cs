using System.Collections.Immutable;
using System.Globalization;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Data;

/// <summary>A tenant.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The company's name.</param>
/// <param name="Currency">In which it sells.</param>
/// <param name="Users">How many users it has.</param>
public sealed record TenantData(TenantId Id, string Name, string Currency, int Users);

/// <summary>A user.</summary>
/// <param name="Tenant">Whose user.</param>
/// <param name="Id">Unique within the tenant, and fit to be the key of a stream.</param>
/// <param name="Name">First and last name.</param>
/// <param name="Email">Unique within the tenant; of a domain that is kept for examples (RFC 2606).</param>
public sealed record UserData(TenantId Tenant, string Id, string Name, string Email);

/// <summary>An order.</summary>
/// <param name="Tenant">Whose order.</param>
/// <param name="Id">Unique among all orders, and fit to be the key of a stream.</param>
/// <param name="CustomerId">The user who gives it.</param>
/// <param name="Currency">The tenant's.</param>
/// <param name="Lines">At least one, each of other goods.</param>
/// <param name="Time">When; orders come in the order of their times.</param>
public sealed record OrderData(
    TenantId Tenant, string Id, string CustomerId, string Currency, ImmutableArray<OrderLineData> Lines, DateTimeOffset Time)
{
    /// <summary>The sum over all lines.</summary>
    public decimal Total => Lines.Sum(line => line.Quantity * line.UnitPrice);
}

/// <summary>A line of an order.</summary>
/// <param name="Sku">The goods.</param>
/// <param name="Quantity">How many; mostly one or two.</param>
/// <param name="UnitPrice">The price of one, with two decimals; the same for the same goods.</param>
public sealed record OrderLineData(string Sku, int Quantity, decimal UnitPrice);

/// <summary>
/// Tenants, users and orders that look like a real system's: a few large tenants and many small ones, favourite goods, busy hours and quiet nights.
/// The same seed and options give the same data on every machine. Everything is streamed, so there may be millions; each sequence can be
/// walked again and gives the same.
/// </summary>
public sealed class RealisticData
{
    private const double LessThanOneMoreLine = 0.45;

    private readonly ulong _seed;
    private readonly Zipf _tenants;
    private readonly Zipf _users;
    private readonly Zipf _skus;
    private readonly ImmutableArray<int> _usersOf;
    private readonly ImmutableArray<TenantId> _tenantIds;
    private readonly ImmutableArray<string> _currencies;
    private readonly ImmutableArray<(string Sku, decimal Price)> _goods;

    /// <summary>Prepares the data of a seed.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="options">How much, and how uneven. Null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size or a skew isn't possible; there must be at least one user for each tenant.</exception>
    public RealisticData(long seed, RealisticDataOptions? options = null)
    {
        (_seed, Options) = (unchecked((ulong)seed), (options ?? new RealisticDataOptions()).Checked());
        _tenants = new Zipf(Options.Tenants, Options.TenantSkew);
        _usersOf = [.. _tenants.Share(Options.Users)];
        _users = new Zipf(_usersOf.Max(), Options.UserSkew);
        _skus = new Zipf(Options.Skus, Options.SkuSkew);
        _tenantIds = [.. Enumerable.Range(1, Options.Tenants).Select(number => TenantId.Parse(string.Create(CultureInfo.InvariantCulture, $"tenant-{number}")))];
        _currencies = [.. Enumerable.Range(0, Options.Tenants).Select(CurrencyOf)];
        _goods = [.. Enumerable.Range(0, Options.Skus).Select(number => (SkuOf(number), PriceOf(number)))];
    }

    /// <summary>How much, and how uneven.</summary>
    public RealisticDataOptions Options { get; }

    /// <summary>The tenants, the largest first.</summary>
    public IEnumerable<TenantData> Tenants() => Enumerable.Range(0, Options.Tenants).Select(Tenant);

    /// <summary>The users, tenant by tenant.</summary>
    public IEnumerable<UserData> Users() =>
        Enumerable.Range(0, Options.Tenants).SelectMany(tenant => Enumerable.Range(0, _usersOf[tenant]).Select(user => User(tenant, user)));

    /// <summary>The orders, in the order of their times.</summary>
    public IEnumerable<OrderData> Orders()
    {
        var hours = new BusinessHours(Options.Start, Options.Period);
        for (long number = 0; number < Options.Orders; number++)
            yield return Order(number, hours);
    }

    private TenantData Tenant(int number)
    {
        var entropy = EntropyOf("tenant", number);
        var (first, second) = (entropy.Pick<string>(Vocabulary.Companies), entropy.Pick<string>(Vocabulary.Trades));
        var name = number < Vocabulary.Companies.Length * 2 ? $"{first} {second}" : string.Create(CultureInfo.InvariantCulture, $"{first} {second} {number}");
        return new TenantData(_tenantIds[number], name, _currencies[number], _usersOf[number]);
    }

    private UserData User(int tenant, int number)
    {
        var entropy = EntropyOf("user", ((long)tenant << 32) + number);
        var (first, last) = (entropy.Pick<string>(Vocabulary.FirstNames), entropy.Pick<string>(Vocabulary.LastNames));
        // Names repeat, as they do; addresses don't.
        var address = string.Create(CultureInfo.InvariantCulture, $"{Ascii(first)}.{Ascii(last)}{number + 1}@{_tenantIds[tenant]}.example.com");
        return new UserData(_tenantIds[tenant], UserIdOf(number), $"{first} {last}", address);
    }

    private OrderData Order(long number, BusinessHours hours)
    {
        var entropy = EntropyOf("order", number);
        var tenant = _tenants.Next(entropy);
        var customer = _users.Next(entropy, _usersOf[tenant]);
        var time = hours.At((number + entropy.NextDouble()) / Options.Orders);
        var lines = ImmutableArray.CreateBuilder<OrderLineData>();
        var taken = new HashSet<int>();
        do
        {
            var sku = _skus.Next(entropy);
            if (taken.Add(sku))
                lines.Add(new OrderLineData(_goods[sku].Sku, QuantityOf(entropy), _goods[sku].Price));
        }
        while (lines.Count < Options.LinesMax && entropy.Chance(LessThanOneMoreLine));

        return new OrderData(
            _tenantIds[tenant], string.Create(CultureInfo.InvariantCulture, $"{number + 1:0000000}"), UserIdOf(customer), _currencies[tenant], lines.DrainToImmutable(), time);
    }

    private static string UserIdOf(int number) => string.Create(CultureInfo.InvariantCulture, $"u{number + 1}");

    private static string SkuOf(int number) => string.Create(
        CultureInfo.InvariantCulture, $"{Vocabulary.Goods[number % Vocabulary.Goods.Length]}-{(number / Vocabulary.Goods.Length) + 1:000}");

    private string CurrencyOf(int tenant) => EntropyOf("currency", tenant).Pick("EUR", "EUR", "EUR", "USD", "USD", "GBP", "CHF", "SEK");

    private static int QuantityOf(SeededEntropy entropy) => entropy.Next(20) switch
    {
        < 13 => 1,
        < 17 => 2,
        < 19 => entropy.Next(3, 11),
        _ => entropy.Next(10, 101),
    };

    /// <summary>Mostly some tens, rarely thousands, and often just below a round one.</summary>
    private decimal PriceOf(int sku)
    {
        var entropy = EntropyOf("price", sku);
        var whole = (int)Math.Pow(10, 0.3 + (entropy.NextDouble() * 3.2));
        return entropy.Chance(0.6) ? whole + 0.99m : whole + (entropy.Next(20) * 0.05m);
    }

    private static string Ascii(string name) => string.Concat(name.Normalize(System.Text.NormalizationForm.FormD)
        .Where(c => char.IsAsciiLetter(c)).Select(char.ToLowerInvariant));

    /// <summary>Chance for one thing alone: what is drawn for it doesn't depend on what was made before.</summary>
    private SeededEntropy EntropyOf(string kind, long number)
    {
        // FNV-1a, since string.GetHashCode differs between processes.
        var hash = 14695981039346656037UL;
        foreach (var c in kind)
            hash = unchecked((hash ^ c) * 1099511628211UL);
        return new SeededEntropy(unchecked((long)(_seed ^ hash) + (number * 0x2545F4914F6CDD1D)));
    }
}
