using System.Threading.Channels;

namespace Migration.Local.Kubelet;

/// <summary>A piece of what a container wrote.</summary>
internal readonly record struct OutputPiece(bool IsError, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The standard streams of a container's process: its output goes to the log and to everybody who is attached; a client that does not keep up is
/// cut off, so that it never slows the container.
/// </summary>
internal sealed class ContainerConsole
{
    private const int PieceSize = 16 * 1024;
    private const int WaitingPieces = 256;
    private static readonly TimeSpan RestOfOutput = TimeSpan.FromSeconds(2);

    private readonly ContainerLog _log;
    private readonly Task _pumps;

    /// <summary>Protects the set.</summary>
    private readonly Lock _gate = new();
    private readonly HashSet<Channel<OutputPiece>> _attached = [];
    private bool _ended;

    public ContainerConsole(AttachedProcess process, ContainerLog log)
    {
        _log = log;
        _pumps = Task.WhenAll(PumpAsync(process.Output, isError: false), process.Errors is { } errors ? PumpAsync(errors, isError: true) : Task.CompletedTask);
    }

    public Channel<OutputPiece> Attach()
    {
        var channel = Channel.CreateBounded<OutputPiece>(WaitingPieces);
        lock (_gate)
        {
            if (_ended)
                channel.Writer.Complete();
            else
                _attached.Add(channel);
        }

        return channel;
    }

    public void Detach(Channel<OutputPiece> channel)
    {
        lock (_gate)
            _attached.Remove(channel);
    }

    /// <summary>The process has ended: what it wrote last is taken, as far as a child that it left does not keep the stream open.</summary>
    public async Task EndAsync(TimeProvider time)
    {
        await Task.WhenAny(_pumps, Task.Delay(RestOfOutput, time));
        lock (_gate)
        {
            _ended = true;
            foreach (var channel in _attached)
                channel.Writer.TryComplete();
            _attached.Clear();
        }

        _log.Dispose();
    }

    private async Task PumpAsync(Stream output, bool isError)
    {
        var buffer = new byte[PieceSize];
        try
        {
            int count;
            while ((count = await output.ReadAsync(buffer)) > 0)
            {
                _log.Write(buffer.AsSpan(0, count));
                Tell(new OutputPiece(isError, buffer.AsMemory(0, count)));
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // Closed with its process.
        }
    }

    private void Tell(OutputPiece piece)
    {
        lock (_gate)
        {
            if (_attached.Count == 0)
                return;
            var copy = piece with { Bytes = piece.Bytes.ToArray() };
            foreach (var slow in _attached.Where(channel => !channel.Writer.TryWrite(copy)).ToList())
            {
                slow.Writer.TryComplete(new IOException("the client did not read the container's output in time"));
                _attached.Remove(slow);
            }
        }
    }
}
