using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Linux;

namespace Migration.Local.Names;

/// <summary>Answers for the cluster's names, over UDP and TCP, on sockets in the fabric's network namespace. A query costs one look at the objects that are there now.</summary>
public sealed class NameServer : IReconciler, IAsyncDisposable
{
    public const int Port = 53;

    private const int LongestMessage = 65535, Connections = 64;
    private static readonly ObjectKey Everything = ObjectKey.Of("names");
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly string _domain;
    private readonly TimeProvider _time;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly WorkQueue _queue;
    private readonly List<Socket> _sockets;
    private readonly SemaphoreSlim _conversations = new(Connections);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loops;
    private volatile ClusterZone _zone;

    private NameServer(IEnumerable<Socket> sockets, KubernetesClient client, string domain, ILogger logger, TimeProvider time)
    {
        _domain = domain;
        _time = time;
        _zone = new ClusterZone([], [], domain);
        _sockets = [.. sockets];
        _queue = new WorkQueue("names", time);
        _services = new Informer<Service>(client, Kinds.Services, logger: logger).Feed(_queue, _ => [Everything]).Start();
        _slices = new Informer<EndpointSlice>(client, Kinds.EndpointSlices, logger: logger).Feed(_queue, _ => [Everything]).Start();
        _loops = Task.WhenAll(
        [
            new Controller(_queue, this, logger, time) { Workers = 1 }.RunAsync([_services.Synced, _slices.Synced], _stopping.Token),
            .. _sockets.Select(socket => socket.SocketType == SocketType.Dgram ? AnswerDatagramsAsync(socket) : AcceptAsync(socket)),
        ]);
    }

    public static NameServer Start(NetworkNamespace space, IEnumerable<IPAddress> addresses, KubernetesClient client, string domain, ILoggerFactory logging, TimeProvider time)
    {
        var endpoints = addresses.Select(address => new IPEndPoint(address, Port)).ToList();
        var sockets = space.Run(() => endpoints.SelectMany(endpoint => new[] { Bind(endpoint, SocketType.Dgram, ProtocolType.Udp), Bind(endpoint, SocketType.Stream, ProtocolType.Tcp) }).ToList());
        return new NameServer(sockets, client, domain, logging.CreateLogger<NameServer>(), time);
    }

    public Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        _zone = new ClusterZone(_services.Store.All(), _slices.Store.All(), _domain);
        return Task.FromResult(Outcome.Done);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loops;
        foreach (var socket in _sockets)
            socket.Dispose();
        await _services.DisposeAsync();
        await _slices.DisposeAsync();
        _queue.Dispose();
        _conversations.Dispose();
        _stopping.Dispose();
    }

    private static Socket Bind(IPEndPoint endpoint, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(endpoint.AddressFamily, type, protocol);
        socket.Bind(endpoint);
        if (type == SocketType.Stream)
            socket.Listen(Connections);
        return socket;
    }

    private async Task AnswerDatagramsAsync(Socket socket)
    {
        var buffer = new byte[LongestMessage];
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), _stopping.Token);
                if (AnswerTo(buffer.AsSpan(0, received.ReceivedBytes), isStream: false) is { } answer)
                    await socket.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _stopping.Token);
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException)
            {
                // Whoever asked is gone (ICMP told us), or we are to end.
            }
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        var running = new List<Task>();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _conversations.WaitAsync(_stopping.Token);
                running.RemoveAll(task => task.IsCompleted);
                running.Add(ConverseAsync(await listener.AcceptAsync(_stopping.Token)));
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException)
            {
                // The same as above.
            }
        }

        await Task.WhenAll(running);
    }

    private async Task ConverseAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Silence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stopping.Token);
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var length = new byte[sizeof(ushort)];
            while (await stream.ReadAtLeastAsync(length, length.Length, throwOnEndOfStream: false, either.Token) == length.Length)
            {
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(query, either.Token);
                if (AnswerTo(query, isStream: true) is not { } answer)
                    return;
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                await stream.WriteAsync((byte[])[.. length, .. answer], either.Token);
                patience.CancelAfter(Silence);
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // It said nothing for too long, or has left.
        }
        finally
        {
            _conversations.Release();
        }
    }

    private byte[]? AnswerTo(ReadOnlySpan<byte> query, bool isStream) =>
        DnsMessage.TryReadQuery(query, out var longest) is { } question
            ? DnsMessage.WriteAnswer(query, question, _zone.Answer(question), _domain, isStream ? LongestMessage : longest)
            : null;
}
