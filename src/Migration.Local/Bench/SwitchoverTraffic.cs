using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Local.Traffic;

namespace Migration.Local.Bench;

/// <summary>Traffic that runs through a series of switch-overs, from several places at once.</summary>
internal sealed class SwitchoverTraffic(TimeProvider time) : IAsyncDisposable
{
    public const int EchoPort = 7;
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(2), Patience = TimeSpan.FromSeconds(30);
    private readonly List<(string Name, DatagramFlow Flow)> _flows = [];
    private readonly List<(string Name, PingStream Stream)> _pings = [];
    private readonly List<double> _gaps = [], _stalls = [];
    private EchoStream? _echo;

    /// <summary>Of each switch-over so far: the longest time without an answer, in milliseconds.</summary>
    public IReadOnlyList<double> Gaps => _gaps;

    /// <summary>Of each switch-over so far: the longest round trip of the TCP conversation, in milliseconds.</summary>
    public IReadOnlyList<double> Stalls => _stalls;

    public SwitchoverTraffic WithDatagrams(string name, NetworkNamespace from, IPAddress guest, int perSecond)
    {
        var socket = from.Run(() => new Socket(guest.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        _flows.Add((name, new DatagramFlow(socket, new IPEndPoint(guest, EchoPort), perSecond)));
        return this;
    }

    public SwitchoverTraffic WithPings(string name, NetworkNamespace from, IPAddress guest)
    {
        var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp));
        _pings.Add((name, new PingStream(socket, guest, TimeSpan.FromMilliseconds(5), time)));
        return this;
    }

    public async Task<SwitchoverTraffic> WithConversationAsync(NetworkNamespace from, IPAddress guest, CancellationToken ct)
    {
        _echo = await Eventually.Async($"the guest's echo service at {guest} answers", Patience, time, async limit =>
        {
            var socket = from.Run(() => new Socket(guest.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            try
            {
                return await EchoStream.ConnectAsync(socket, new IPEndPoint(guest, EchoPort), time, limit);
            }
            catch (SocketException)
            {
                socket.Dispose();
                return null;
            }
        }, ct);
        return this;
    }

    /// <summary>A switch-over begins: what was before does not count for it.</summary>
    public void Begin()
    {
        foreach (var (_, flow) in _flows)
            flow.TakeLongestGap();
        _echo?.TakeLongest();
    }

    /// <summary>A switch-over has ended.</summary>
    public void End()
    {
        if (_flows.Count > 0)
            _gaps.Add(_flows[0].Flow.TakeLongestGap().TotalMilliseconds);
        if (_echo is not null)
            _stalls.Add(_echo.TakeLongest().TotalMilliseconds);
    }

    /// <summary>The median of the last round trips of the conversation.</summary>
    public async Task<double> RoundTripAsync(CancellationToken ct)
    {
        _echo!.TakeRoundTrips();
        await Task.Delay(TimeSpan.FromSeconds(1), time, ct);
        return _echo.TakeRoundTrips().Select(trip => trip.TotalMilliseconds).Order().ToList() is { Count: > 0 } trips ? trips[trips.Count / 2] : 0;
    }

    /// <summary>Ends all of it and tells what became of it.</summary>
    public async Task<IReadOnlyList<BenchResult>> FinishAsync(string series)
    {
        var results = new List<BenchResult>();
        foreach (var (name, flow) in _flows)
        {
            var counts = flow.Stop(LastAnswers);
            if (counts.Lost > 0)
                await Console.Error.WriteLineAsync($"{series}: {name}: lost of {counts.Sent}: {string.Join(' ', flow.Missing().Take(50))}");
            results.Add(BenchResult.AtMost($"{series}: {name}: lost of {counts.Sent}", "", 0, [counts.Lost]));
            results.Add(BenchResult.AtMost($"{series}: {name}: duplicated", "%", 0.1, [counts.DuplicatedPercent]));
            results.Add(BenchResult.AtMost($"{series}: {name}: out of order", "", 0, [counts.Reordered]));
        }

        foreach (var (name, stream) in _pings)
        {
            var counts = await stream.StopAsync(LastAnswers);
            results.Add(BenchResult.AtMost($"{series}: {name}: lost of {counts.Sent}", "", 0, [counts.Lost]));
            results.Add(BenchResult.AtMost($"{series}: {name}: duplicated", "%", 0.1, [100.0 * counts.Duplicated / counts.Sent]));
        }

        if (_echo is not null)
        {
            var counts = await _echo.StopAsync(LastAnswers);
            results.Add(BenchResult.AtMost($"{series}: TCP conversation of {counts.RoundTrips} round trips: broken", "", 0, [counts.Broken ? 1 : 0]));
            results.Add(BenchResult.AtMost($"{series}: TCP conversation: retransmissions", "", 0, [counts.Retransmissions]));
        }

        return results;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, flow) in _flows)
            flow.Dispose();
        foreach (var (_, stream) in _pings)
            await stream.DisposeAsync();
        if (_echo is not null)
            await _echo.DisposeAsync();
    }
}
