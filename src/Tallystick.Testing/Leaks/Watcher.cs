using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Tallystick.Testing.Leaks;

/// <summary>Something that was seen, and where.</summary>
/// <param name="Where">In words: <c>a line of the log</c>.</param>
/// <param name="Text">All of it as text.</param>
internal sealed record Seen(string Where, string Text);

/// <summary>
/// Keeps what the process tells of itself: lines of the log with their values and scopes, tags of metrics, finished activities. Metrics and activities are
/// the whole process's, so that what others do at the same time is seen too; it has no secrets of ours.
/// </summary>
internal sealed class Watcher : ILoggerProvider, ISupportExternalScope
{
    private const int SeenMax = 100_000;

    private readonly Lock _lock = new();
    private readonly List<Seen> _seen = [];
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;
    private IExternalScopeProvider? _scopes;
    private bool _closed;

    public Watcher()
    {
        _meters.InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        Measure<byte>();
        Measure<short>();
        Measure<int>();
        Measure<long>();
        Measure<float>();
        Measure<double>();
        Measure<decimal>();
        _meters.Start();
        _activities = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => Keep("a trace", Describe(activity)),
        };
        ActivitySource.AddActivityListener(_activities);
    }

    /// <summary>What was seen since the last call.</summary>
    public ImmutableArray<Seen> Take()
    {
        lock (_lock)
        {
            ImmutableArray<Seen> seen = [.. _seen];
            _seen.Clear();
            return seen;
        }
    }

    public ILogger CreateLogger(string categoryName) => new WatchedLogger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>A logger factory never lets go of a provider, so from here on it is told that nobody listens.</summary>
    public void Dispose()
    {
        lock (_lock)
            _closed = true;
        _meters.Dispose();
        _activities.Dispose();
    }

    private void Keep(string where, string text)
    {
        lock (_lock)
        {
            if (!_closed && _seen.Count < SeenMax)
                _seen.Add(new Seen(where, text));
        }
    }

    private void Measure<T>()
        where T : struct => _meters.SetMeasurementEventCallback<T>((instrument, _, tags, _) =>
    {
        var text = new StringBuilder(instrument.Name);
        foreach (var tag in tags)
            Write(text, tag.Key, tag.Value);
        Keep("a tag of a metric", text.ToString());
    });

    private static string Describe(Activity activity)
    {
        var text = new StringBuilder($"{activity.DisplayName} {activity.StatusDescription}");
        foreach (var (key, value) in activity.TagObjects)
            Write(text, key, value);
        foreach (var (key, value) in activity.Baggage)
            Write(text, key, value);
        foreach (var happened in activity.Events)
        {
            text.Append(' ').Append(happened.Name);
            foreach (var (key, value) in happened.Tags)
                Write(text, key, value);
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, string key, object? value)
    {
        text.Append(' ').Append(key).Append('=');
        if (value is IEnumerable many and not string)
            text.AppendJoin(',', many.Cast<object?>());
        else
            text.Append(CultureInfo.InvariantCulture, $"{value}");
    }

    private sealed class WatchedLogger(Watcher watcher, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => watcher._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => !watcher._closed && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = new StringBuilder($"{logLevel} {category}: {formatter(state, exception)}");
            WriteValues(text, state);
            watcher._scopes?.ForEachScope(static (scope, text) =>
            {
                text.Append(" in ").Append(scope);
                WriteValues(text, scope);
            }, text);
            if (exception is not null)
                text.Append(' ').Append(exception);
            watcher.Keep("a line of the log", text.ToString());
        }

        private static void WriteValues(StringBuilder text, object? state)
        {
            foreach (var (key, value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
                Write(text, key, value);
        }
    }
}
