using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Migration.Local.Traffic;

/// <summary>
/// Numbered UDP datagrams to an echo server at a steady rate. Both directions have threads of their own, which block: what is measured
/// is the guest, not who else wants the pool.
/// </summary>
public sealed class DatagramFlow : IDisposable
{
    private const int MostDatagrams = 2_000_000, ReceiveBufferBytes = 4 << 20;
    private static readonly TimeSpan MostBehind = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly TimeSpan _interval;
    private readonly long[] _answered = new long[MostDatagrams];
    private readonly List<long> _arrivals = [];
    private readonly Lock _gate = new(); // protects _arrivals
    private readonly Thread _sending, _receiving;
    private int _sent, _received, _duplicated, _reordered, _highest = -1;
    private readonly ManualResetEvent _sendingEnds = new(false), _receivingEnds = new(false);

    /// <param name="socket">A UDP socket opened in the sender's namespace; owned by the flow from now on.</param>
    /// <param name="server">Who echoes.</param>
    /// <param name="perSecond">How many.</param>
    public DatagramFlow(Socket socket, IPEndPoint server, int perSecond)
    {
        (_socket, _interval) = (socket, TimeSpan.FromSeconds(1.0 / perSecond));
        socket.ReceiveBufferSize = ReceiveBufferBytes;
        socket.ReceiveTimeout = 50;
        socket.Connect(server);
        _receiving = new Thread(Receive) { IsBackground = true, Name = "datagrams in" };
        _sending = new Thread(Send) { IsBackground = true, Name = "datagrams out" };
        _receiving.Start();
        _sending.Start();
    }

    public int Received => Volatile.Read(ref _received);

    /// <summary>The longest time without an answer within the last so many that came since this was asked last.</summary>
    public TimeSpan TakeLongestGap()
    {
        lock (_gate)
        {
            var longest = _arrivals.Zip(_arrivals.Skip(1), (one, next) => next - one).DefaultIfEmpty().Max();
            if (_arrivals.Count > 1)
                _arrivals.RemoveRange(0, _arrivals.Count - 1);
            return Stopwatch.GetElapsedTime(0, longest);
        }
    }

    /// <summary>Stops sending, gives the last answers this long, and counts.</summary>
    public DatagramCounts Stop(TimeSpan patience)
    {
        _sendingEnds.Set();
        _sending.Join();
        var waiting = Stopwatch.GetTimestamp();
        while (Received < _sent && Stopwatch.GetElapsedTime(waiting) < patience)
            _receivingEnds.WaitOne(10);
        End();
        return new DatagramCounts(_sent, _sent - _received, _duplicated, _reordered);
    }

    /// <summary>Which were never answered.</summary>
    public IEnumerable<int> Missing() => Enumerable.Range(0, _sent).Where(number => _answered[number] == 0);

    public void Dispose()
    {
        End();
        _socket.Dispose();
        _sendingEnds.Dispose();
        _receivingEnds.Dispose();
    }

    private void End()
    {
        _sendingEnds.Set();
        _receivingEnds.Set();
        _sending.Join();
        _receiving.Join();
    }

    private void Send()
    {
        var datagram = new byte[32];
        var due = Stopwatch.GetTimestamp();
        var step = (long)(_interval.TotalSeconds * Stopwatch.Frequency);
        while (!_sendingEnds.WaitOne(0) && _sent < MostDatagrams)
        {
            // A machine that was busy elsewhere is not made up for by a flood.
            if (Stopwatch.GetElapsedTime(due) > MostBehind)
                due = Stopwatch.GetTimestamp();
            while (Stopwatch.GetTimestamp() < due)
                _sendingEnds.WaitOne(1);
            BinaryPrimitives.WriteInt32BigEndian(datagram, _sent);
            TrySend(datagram);
            Interlocked.Increment(ref _sent);
            due += step;
        }
    }

    /// <summary>A refused datagram (no route, host down) is a lost one: its answer will not come.</summary>
    private void TrySend(byte[] datagram)
    {
        try
        {
            _socket.Send(datagram);
        }
        catch (SocketException)
        {
        }
    }

    private void Receive()
    {
        var buffer = new byte[2048];
        while (!_receivingEnds.WaitOne(0))
        {
            try
            {
                if (_socket.Receive(buffer) >= sizeof(int))
                    Count(BinaryPrimitives.ReadInt32BigEndian(buffer));
            }
            catch (SocketException)
            {
                // Nothing came, or an ICMP error about an earlier one, which counts as lost.
            }
        }
    }

    private void Count(int number)
    {
        if (number < 0 || number >= MostDatagrams)
            return;
        if (_answered[number] != 0)
        {
            _duplicated++;
            return;
        }

        var now = _answered[number] = Stopwatch.GetTimestamp();
        if (number < _highest)
            _reordered++;
        _highest = Math.Max(_highest, number);
        lock (_gate)
            _arrivals.Add(now);
        Interlocked.Increment(ref _received);
    }
}
