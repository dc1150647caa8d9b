using System.Net.Sockets;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Migration.Linux;
using Migration.Protos.Launcher;
using Migration.Qemu;

namespace Migration.Node.Machines;

/// <summary>
/// The node's end of launcher.proto: one request at a time, each with its answer. A launcher outlives every connection;
/// after any failure the client is thrown away and another one dials.
/// </summary>
internal sealed class LauncherClient : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private readonly Socket _socket;

    private LauncherClient(Socket socket) => _socket = socket;

    /// <exception cref="LinuxException">Nobody listens there.</exception>
    public static LauncherClient Connect(string path) => new(UnixSocket.Connect(path));

    public Task<Protos.Launcher.State> DescribeAsync(CancellationToken ct) => AskAsync(new Request { Describe = new() }, [], ct);

    /// <exception cref="RefusedException">The machine cannot be launched from what its pod has.</exception>
    public Task<Protos.Launcher.State> LaunchAsync(Launch launch, IReadOnlyList<SafeHandle> files, CancellationToken ct) =>
        AskAsync(new Request { Launch = launch }, [.. files], ct);

    public Task<Protos.Launcher.State> ShutdownAsync(TimeSpan grace, CancellationToken ct) =>
        AskAsync(new Request { Shutdown = new() { GraceMilliseconds = (uint)grace.TotalMilliseconds } }, [], ct);

    public Task<Protos.Launcher.State> BecomeAnchorAsync(CancellationToken ct) => AskAsync(new Request { BecomeAnchor = new() }, [], ct);

    public void Dispose() => _socket.Dispose();

    private async Task<Protos.Launcher.State> AskAsync(Request request, SafeHandle[] files, CancellationToken ct)
    {
        LauncherFrame.Send(_socket, request.ToByteArray(), files);
        using var limit = new CancellationTokenSource(AnswerLimit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var reply = Reply.Parser.ParseFrom(await LauncherFrame.ReceiveAsync(_socket, either.Token));
            return reply.Error.Length == 0
                ? reply.State ?? new Protos.Launcher.State()
                : throw (reply.Final ? new RefusedException(Refusal.NotNow, reply.Error) : new IOException($"the launcher refused {request.RequestCase}: {reply.Error}"));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IOException($"the launcher did not answer {request.RequestCase} within {AnswerLimit.TotalSeconds:0} s");
        }
    }
}
