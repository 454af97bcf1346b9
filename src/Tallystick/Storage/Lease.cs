using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// Proof that someone held an exclusive right when a commit gave it. Each change of holder raises the epoch, so a commit that is made
/// <see cref="Commit.Under"/> a lease is refused once anyone else has held it, however late it arrives (fencing: Kleppmann, How to do
/// distributed locking, 2016).
/// </summary>
/// <param name="Tenant">In whose rows the lease is kept; <see cref="TenantId.Platform"/> for work that spans tenants.</param>
/// <param name="Name">The right.</param>
/// <param name="Owner">Who holds it.</param>
/// <param name="Epoch">How often the holder has changed; the first holder's is 1. It never goes back, also not when the lease is released.</param>
public sealed record Lease(TenantId Tenant, string Name, string Owner, long Epoch);

/// <summary>A lease as a store knows it, by the store's clock.</summary>
/// <param name="Name">The right.</param>
/// <param name="Owner">Who holds it, or held it last and hasn't released it; null once it is released.</param>
/// <param name="Epoch">How often the holder has changed.</param>
/// <param name="Remaining">
/// How long nobody else can take it; zero if anyone can. A holder whose time is over holds it nevertheless until someone else takes it.
/// </param>
public sealed record LeaseState(string Name, string? Owner, long Epoch, TimeSpan Remaining)
{
    /// <summary>Whether anyone may take it.</summary>
    public bool IsFree => Owner is null || Remaining <= TimeSpan.Zero;
}

/// <summary>Which leases to read.</summary>
/// <param name="Prefix">Those whose names begin so, compared character by character; empty: all.</param>
/// <param name="Count">The most to give; at least 1, at most <see cref="StoreLimits.PageLengthMax"/>.</param>
/// <param name="After">Only names after this one, in the order of their bytes in UTF-8; null begins at the first.</param>
public readonly record struct LeaseRead(string Prefix, int Count, string? After = null);

/// <summary>A change of a lease of the commit's tenant.</summary>
public abstract record LeaseChange
{
    /// <summary>The longest time for which a lease can be held without being renewed.</summary>
    public static readonly TimeSpan DurationMax = TimeSpan.FromDays(1);

    private LeaseChange(string name) => Name = name;

    /// <summary>The right.</summary>
    public string Name { get; }

    /// <summary>Takes a lease that is free, or renews one that the same owner holds, which then keeps its epoch.</summary>
    public sealed record Acquire : LeaseChange
    {
        internal Acquire(string name, string owner, TimeSpan duration)
            : base(name) => (Owner, Duration) = (owner, duration);

        /// <summary>Who wants it.</summary>
        public string Owner { get; }

        /// <summary>For how long from now on nobody else can take it.</summary>
        public TimeSpan Duration { get; }
    }

    /// <summary>Keeps a lease that is still held, also when its time is over but nobody has taken it.</summary>
    public sealed record Renew : LeaseChange
    {
        internal Renew(Lease held, TimeSpan duration)
            : base(held.Name) => (Held, Duration) = (held, duration);

        /// <summary>The lease as its holder knows it.</summary>
        public Lease Held { get; }

        /// <summary>For how long from now on nobody else can take it.</summary>
        public TimeSpan Duration { get; }
    }

    /// <summary>Gives a lease back, so that anyone can take it at once.</summary>
    public sealed record Release : LeaseChange
    {
        internal Release(Lease held)
            : base(held.Name) => Held = held;

        /// <summary>The lease as its holder knows it.</summary>
        public Lease Held { get; }
    }
}
