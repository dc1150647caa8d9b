using System.Security.Cryptography;
using System.Threading.Channels;

namespace Migration.Node.DataPlane;

/// <summary>The connections that one incoming migration waits for; anything else is turned away by the listener.</summary>
internal sealed class Expectation(string migrationId, string sourceNode, byte[] token, bool encrypted, int channels)
{
    private readonly Channel<DataConnection> _arrived = System.Threading.Channels.Channel.CreateUnbounded<DataConnection>();
    private readonly Lock _gate = new(); // protects _taken
    private readonly HashSet<int> _taken = [];

    public string MigrationId { get; } = migrationId;
    public string SourceNode { get; } = sourceNode;
    public bool Encrypted { get; } = encrypted;

    /// <summary>Authenticated connections, in the order of their arrival.</summary>
    public ChannelReader<DataConnection> Arrived => _arrived.Reader;

    /// <summary>Whether this is the peer, the token and a channel that was not used before.</summary>
    public bool Admits(ChannelHeader header, string? peer)
    {
        if (!CryptographicOperations.FixedTimeEquals(header.Token, token) || header.Channel >= channels)
            return false;
        if (Encrypted && peer != SourceNode)
            return false;
        lock (_gate)
            return _taken.Add(header.Channel);
    }

    /// <summary>False when nobody waits any more.</summary>
    public bool Offer(DataConnection connection) => _arrived.Writer.TryWrite(connection);

    public void Close()
    {
        _arrived.Writer.TryComplete();
        while (_arrived.Reader.TryRead(out var late))
            late.Dispose();
    }
}
