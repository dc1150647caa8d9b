using System.Net.Sockets;

namespace Migration.Node.DataPlane;

/// <summary>
/// Carries one channel between QEMU's unix socket and the other node, both ways: memory one way, QEMU's return path the
/// other. Two threads with pinned buffers; an end on one side is passed on as an end on the other.
/// </summary>
internal sealed class Pump : IDisposable
{
    private const int BufferSize = 256 * 1024;
    private readonly Socket _near;
    private readonly NetworkStream _nearStream;
    private readonly DataConnection _far;
    private readonly Thread _outward;
    private readonly Thread _inward;
    private readonly TaskCompletionSource<string?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _farClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _carried;
    private int _open = 2;
    private string? _failure;

    public Pump(Socket near, DataConnection far)
    {
        _near = near;
        _nearStream = new NetworkStream(near, ownsSocket: true);
        _far = far;
        _outward = new Thread(() => Carry(_nearStream, _far.Stream, _far.Socket)) { IsBackground = true, Name = $"data out {far.Channel}" };
        _inward = new Thread(() => Carry(_far.Stream, _nearStream, _near)) { IsBackground = true, Name = $"data in {far.Channel}" };
    }

    /// <summary>Ends when both directions have; null is a clean end, else what went wrong first.</summary>
    public Task<string?> Ended => _ended.Task;

    /// <summary>The other node's side has said its last, or is gone.</summary>
    public Task FarClosed => _farClosed.Task;

    public long BytesCarried => Interlocked.Read(ref _carried);

    public void Start()
    {
        _outward.Start();
        _inward.Start();
    }

    /// <summary>Cuts the channel: both threads end.</summary>
    public void Dispose()
    {
        Interlocked.CompareExchange(ref _failure, "the node cut it", null);
        _near.Dispose();
        _far.Socket.Dispose();
    }

    private void Carry(Stream from, Stream to, Socket destination)
    {
        try
        {
            var buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
            int read;
            while ((read = from.Read(buffer, 0, buffer.Length)) > 0)
            {
                to.Write(buffer, 0, read);
                Interlocked.Add(ref _carried, read);
            }

            destination.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            Interlocked.CompareExchange(ref _failure, failure.Message, null);
            _near.Dispose();
            _far.Socket.Dispose();
        }
        finally
        {
            if (ReferenceEquals(from, _far.Stream))
                _farClosed.TrySetResult();
            if (Interlocked.Decrement(ref _open) == 0)
                Close();
        }
    }

    private void Close()
    {
        _nearStream.Dispose();
        _far.Dispose();
        _farClosed.TrySetResult();
        _ended.TrySetResult(_failure);
    }
}
