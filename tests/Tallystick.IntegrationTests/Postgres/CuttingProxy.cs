using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>Who sent a message.</summary>
public enum Sender
{
    Client,
    Server,
}

/// <summary>
/// Stands between a store and its server, sees the messages of PostgreSQL's protocol, and loses the writer's connection after a number of
/// them. A connection is the writer's once a message of it has named the table of writers.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Task> _running = [];
    private readonly object _lock = new();
    private readonly SemaphoreSlim _refusals = new(0);
    private readonly SemaphoreSlim _questions = new(0);
    private Func<Plan>? _nextPlan;
    private Plan? _plan;
    private Held? _held;
    private int _target;
    private bool _refuses;

    public CuttingProxy(int target)
    {
        _target = target;
        _listener.Start();
        _running.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections are closed at once when they are made, and those there are, are cut.</summary>
    public bool Refuses
    {
        get
        {
            lock (_lock)
                return _refuses;
        }

        set
        {
            lock (_lock)
                _refuses = value;
            if (value)
                Refused?.Invoke();
        }
    }

    /// <summary>Whether, once the planned cut has happened, all further connections are refused.</summary>
    public bool RefusesAfterCut { get; set; }

    /// <summary>How often a connection was lost as planned.</summary>
    public int Cuts { get; private set; }

    /// <summary>Whether notifications (NotificationResponse) disappear on their way.</summary>
    public bool LosesNotifications { get; init; }

    private event Action? Refused;

    /// <summary>
    /// From now on, so many messages of one side pass on the writer's connection, then it is lost. With <paramref name="late"/> what the client
    /// has sent reaches the server all the same, but only when the client is already back.
    /// </summary>
    public void CutAfter(Sender sender, int messages, bool late = false)
    {
        lock (_lock)
            _plan = new Plan(sender, messages, late, AtCommit: false);
    }

    /// <summary>The writer's connection is lost as soon as the server has committed, before the client hears of it.</summary>
    public void CutAtCommit()
    {
        lock (_lock)
            _plan = new Plan(Sender.Server, 0, Late: false, AtCommit: true);
    }

    /// <summary>The writer's connection is lost again and again: after some messages of either side, or when the server has committed.</summary>
    /// <param name="seed">Decides how and when.</param>
    /// <param name="messagesMax">The most messages that pass in between.</param>
    public void CutRepeatedly(int seed, int messagesMax)
    {
        var random = new Random(seed);
        lock (_lock)
        {
            _nextPlan = () => random.Next(3) switch
            {
                0 => new Plan(Sender.Server, random.Next(messagesMax), Late: false, AtCommit: false),
                1 => new Plan(Sender.Client, random.Next(messagesMax), Late: random.Next(2) == 0, AtCommit: false),
                _ => new Plan(Sender.Server, random.Next(4), Late: false, AtCommit: true),
            };
            _plan = _nextPlan();
        }
    }

    /// <summary>How many questions (each ends with a Sync) have passed that <see cref="AskedAsync"/> hasn't waited for.</summary>
    public int QuestionsLeft => _questions.CurrentCount;

    /// <summary>Returns when a further question has passed.</summary>
    public Task AskedAsync(CancellationToken cancellationToken) => _questions.WaitAsync(cancellationToken);

    /// <summary>Returns when so many further connections have been refused.</summary>
    public async Task RefusedAsync(int connections, CancellationToken cancellationToken)
    {
        for (var i = 0; i < connections; i++)
            await _refusals.WaitAsync(cancellationToken);
    }

    /// <summary>Whether the planned cut has not happened; there is none planned afterwards.</summary>
    public bool TakeBackPlan()
    {
        lock (_lock)
        {
            var was = _plan is not null;
            _plan = null;
            return was;
        }
    }

    public void PointTo(int target)
    {
        lock (_lock)
            _target = target;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        Task[] running;
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running);
        _listener.Dispose();
        _closing.Dispose();
        _refusals.Dispose();
        _questions.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_closing.Token);
                lock (_lock)
                    _running.Add(ServeAsync(client));
            }
        }
        // A listener that was stopped between two connections is called so before it is called disposed: not listening.
        catch (Exception error) when (error is OperationCanceledException or SocketException or InvalidOperationException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        using var server = new TcpClient();
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        void CutNow() => cut.Cancel();
        // Before it looks whether it may serve, so that no connection slips through between the two.
        Refused += CutNow;
        try
        {
            int target;
            lock (_lock)
            {
                if (_refuses)
                {
                    _refusals.Release();
                    return;
                }

                target = _target;
            }

            await server.ConnectAsync(IPAddress.Loopback, target, cut.Token);
            client.NoDelay = server.NoDelay = true;
            var link = new Link(client.GetStream(), server.GetStream());
            var up = PumpAsync(link, Sender.Client, cut);
            var down = PumpAsync(link, Sender.Server, cut);
            await Task.WhenAny(up, down);
            await cut.CancelAsync();
            await Task.WhenAll(up, down);
            if (link.Held is { } held)
            {
                client.Close();
                await held.Release.Task.WaitAsync(TimeSpan.FromSeconds(30), _closing.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
                await link.Server.WriteAsync(held.Bytes.ToArray(), _closing.Token);
                server.Client.Shutdown(SocketShutdown.Send);
                // To the end of what the server says: then it has done all that it was told.
                await link.Server.CopyToAsync(Stream.Null, _closing.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException)
        {
        }
        finally
        {
            Refused -= CutNow;
        }
    }

    private async Task PumpAsync(Link link, Sender sender, CancellationTokenSource cut)
    {
        var (from, to) = sender == Sender.Client ? (link.Client, link.Server) : (link.Server, link.Client);
        // A client's first message has no type.
        var isFirst = sender == Sender.Client;
        try
        {
            while (await ReadMessageAsync(from, isFirst, cut.Token) is { } message)
            {
                isFirst = false;
                if (!MayPass(link, sender, message))
                {
                    if (link.Held is { } held)
                        await HoldRestAsync(from, held, message, cut.Token);
                    return;
                }

                if (sender == Sender.Client && message[0] == (byte)'S')
                    _questions.Release();
                if (!LosesNotifications || sender != Sender.Server || message[0] != (byte)'A')
                    await to.WriteAsync(message, cut.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Takes all that the client sends in one go: it waits for an answer after a Sync.</summary>
    private static async Task HoldRestAsync(NetworkStream from, Held held, byte[] message, CancellationToken cancellationToken)
    {
        held.Bytes.AddRange(message);
        while (message[0] != (byte)'S' && await ReadMessageAsync(from, false, cancellationToken) is { } next)
        {
            held.Bytes.AddRange(next);
            message = next;
        }
    }

    private bool MayPass(Link link, Sender sender, byte[] message)
    {
        lock (_lock)
        {
            if (sender == Sender.Client && !link.IsWriter && message.AsSpan().IndexOf("INTO writers"u8) >= 0)
            {
                link.IsWriter = true;
                _held?.Release.TrySetResult();
                _held = null;
            }

            if (_plan is not { } plan || !link.IsWriter || plan.Sender != sender || (plan.AtCommit && !IsCommitted(message)))
                return true;
            if (plan.Messages-- > 0)
                return true;
            _plan = _nextPlan?.Invoke();
            Cuts++;
            _refuses |= RefusesAfterCut;
            RefusesAfterCut = false;
            if (plan.Late)
                _held = link.Held = new Held();
            return false;
        }
    }

    private static async Task<byte[]?> ReadMessageAsync(NetworkStream from, bool isFirst, CancellationToken cancellationToken)
    {
        var type = isFirst ? 0 : 1;
        var header = new byte[type + 4];
        if (await from.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length)
            return null;
        var message = new byte[type + BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(type))];
        header.CopyTo(message, 0);
        await from.ReadExactlyAsync(message.AsMemory(header.Length), cancellationToken);
        return message;
    }

    /// <summary>Whether it says that a COMMIT is done (CommandComplete).</summary>
    private static bool IsCommitted(byte[] message) => message[0] == (byte)'C' && message.AsSpan(5).SequenceEqual("COMMIT\0"u8);

    private sealed record Plan(Sender Sender, int MessagesLeft, bool Late, bool AtCommit)
    {
        public int Messages { get; set; } = MessagesLeft;
    }

    private sealed class Held
    {
        public List<byte> Bytes { get; } = [];

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Link(NetworkStream client, NetworkStream server)
    {
        public NetworkStream Client { get; } = client;

        public NetworkStream Server { get; } = server;

        public bool IsWriter { get; set; }

        public Held? Held { get; set; }
    }
}
