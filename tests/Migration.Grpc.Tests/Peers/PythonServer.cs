namespace Migration.Grpc.Tests;

/// <summary>A server of Debian's grpcio that all tests share.</summary>
public sealed class PythonServer : IAsyncLifetime
{
    /// <summary>Debian's own: another Python, earlier in the path, would not have grpcio.</summary>
    public const string Interpreter = "/usr/bin/python3";

    internal ForeignPeer Peer { get; private set; } = null!;

    public static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "python", name);

    public async ValueTask InitializeAsync() => Peer = await ForeignPeer.StartAsync(Interpreter, Script("server.py"));

    public ValueTask DisposeAsync() => Peer.DisposeAsync();
}
