using Microsoft.Extensions.Logging;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>The log messages of projections and subscriptions.</summary>
internal static partial class SubscriptionLog
{
    [LoggerMessage(2001, LogLevel.Information, "'{Name}' of tenant {Tenant}: {Before} -> {Now} at position {Position}")]
    public static partial void StateChanged(
        ILogger logger, string name, TenantId tenant, SubscriptionState before, SubscriptionState now, LogPosition position);

    [LoggerMessage(2002, LogLevel.Warning, "'{Name}' of tenant {Tenant} failed at {EventType}, position {Position}, attempt {Attempt}; it is tried again in {Delay}")]
    public static partial void EventFailed(
        ILogger logger, string name, TenantId tenant, string eventType, LogPosition position, int attempt, TimeSpan delay, Exception error);

    [LoggerMessage(2003, LogLevel.Error,
        "'{Name}' of tenant {Tenant} stopped at {EventType}, position {Position}, event {EventId}, after {Attempts} attempts. Repair it and resume, or skip the event")]
    public static partial void Stopped(
        ILogger logger, string name, TenantId tenant, string eventType, LogPosition position, Guid eventId, int attempts, Exception error);

    [LoggerMessage(2004, LogLevel.Warning, "The store failed '{Name}' of tenant {Tenant}, {Failures} times in a row; it is tried again in {Delay}")]
    public static partial void StoreFailed(ILogger logger, string name, TenantId tenant, int failures, TimeSpan delay, Exception error);

    [LoggerMessage(2005, LogLevel.Information, "'{Name}' of tenant {Tenant} reads its place again: {Reason}")]
    public static partial void OwnerMoved(ILogger logger, string name, TenantId tenant, string reason);

    [LoggerMessage(2006, LogLevel.Warning, "'{Name}' of tenant {Tenant} gives way: another process has put version {Version} in its place")]
    public static partial void Superseded(ILogger logger, string name, TenantId tenant, int version);

    [LoggerMessage(2007, LogLevel.Warning, "'{Name}' of tenant {Tenant} skips {EventType} at position {Position}, as told by {By}")]
    public static partial void Skipped(ILogger logger, string name, TenantId tenant, string eventType, LogPosition position, string by);

    [LoggerMessage(2008, LogLevel.Information, "Projection '{Name}' of tenant {Tenant} builds version {Version} in generation {Generation}, at least to position {Target}")]
    public static partial void RebuildBegun(ILogger logger, string name, TenantId tenant, int version, int generation, LogPosition target);

    [LoggerMessage(2009, LogLevel.Information, "Projection '{Name}' of tenant {Tenant}: version {Version}, generation {Generation} is what readers see, at position {Position}")]
    public static partial void Swapped(ILogger logger, string name, TenantId tenant, int version, int generation, LogPosition position);

    [LoggerMessage(2010, LogLevel.Error, "The rebuild of projection '{Name}' of tenant {Tenant} was given up at {EventType}, position {Position}; the live documents go on")]
    public static partial void RebuildAbandoned(ILogger logger, string name, TenantId tenant, string eventType, LogPosition position, Exception error);

    [LoggerMessage(2011, LogLevel.Warning, "A batch of {Events} events of '{Name}' of tenant {Tenant} can't be committed; a shorter one is tried")]
    public static partial void BatchRejected(ILogger logger, string name, TenantId tenant, int events, Exception error);

    [LoggerMessage(2012, LogLevel.Error, "'{Name}' of tenant {Tenant} didn't return in time when its host stopped")]
    public static partial void StopTimedOut(ILogger logger, string name, TenantId tenant);

    [LoggerMessage(2013, LogLevel.Information, "'{Name}' of tenant {Tenant} ends here: {Reason}")]
    public static partial void WorkMoved(ILogger logger, string name, TenantId tenant, string reason);
}
