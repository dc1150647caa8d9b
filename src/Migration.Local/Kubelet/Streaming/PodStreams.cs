using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Migration.Local.ApiServer;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>
/// Serves exec, attach and port-forward to the pods of this cluster: v4 and v5.channel.k8s.io over WebSockets, and SPDY/3.1 for port-forward, either
/// inside a WebSocket (kubectl from 1.31 on) or after a plain upgrade (older ones).
/// </summary>
internal sealed class PodStreams(Func<string, RunningPod?> find, TimeProvider time) : IDisposable
{
    private const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io", ForwardProtocol = "portforward.k8s.io";
    private const int MaximumSessions = 256;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _sessions = new(MaximumSessions);

    public async Task ServeAsync(PodStreamRequest request, HttpContext http, CancellationToken ct)
    {
        var pod = find(request.PodUid) ?? throw new PodStreamRefusedException(400, "BadRequest", $"pod {request.Namespace}/{request.Pod} does not run (yet)");
        if (!_sessions.Wait(0, CancellationToken.None))
            throw new PodStreamRefusedException(429, "TooManyRequests", $"{MaximumSessions} sessions are open already");
        try
        {
            await (request.Kind switch
            {
                "exec" => ExecuteAsync(request, Container(pod, request), http, ct),
                "attach" => AttachAsync(request, Container(pod, request), http, ct),
                _ => ForwardAsync(request, pod, http, ct),
            });
        }
        finally
        {
            _sessions.Release();
        }
    }

    public void Dispose() => _sessions.Dispose();

    private static RunningContainer Container(RunningPod pod, PodStreamRequest request) =>
        pod.Find(request.Container)?.Run is { ExitCode: null } container
            ? container
            : throw new PodStreamRefusedException(400, "BadRequest", $"container {request.Container} of pod {request.Namespace}/{request.Pod} does not run");

    private async Task ExecuteAsync(PodStreamRequest request, RunningContainer container, HttpContext http, CancellationToken ct)
    {
        RequireWebSocket(http, "exec");
        using var process = await container.ExecuteAsync(request.Command, request.Terminal, ct)
            ?? throw new PodStreamRefusedException(400, "BadRequest", $"container {request.Container} has ended");
        try
        {
            using var socket = await AcceptChannelsAsync(http);
            if (!request.Stdin && !request.Terminal)
                await process.Input.DisposeAsync();
            await new RemoteCommand(socket, EndsOf(process, request)).RunAsync(time, ct);
        }
        finally
        {
            process.Kill();
        }
    }

    private static ConsoleEnds EndsOf(AttachedProcess process, PodStreamRequest request) =>
        new(request.Stdin ? process.Input : null, ClosesInput: !request.Terminal,
            (send, ct) => Task.WhenAll(
                CopyAsync(process.Output, bytes => request.Stdout ? send(false, bytes) : Task.CompletedTask, ct),
                process.Errors is { } errors ? CopyAsync(errors, bytes => request.Stderr ? send(true, bytes) : Task.CompletedTask, ct) : Task.CompletedTask),
            process.WaitAsync(CancellationToken.None))
        {
            Resize = process.Resize,
        };

    private async Task AttachAsync(PodStreamRequest request, RunningContainer container, HttpContext http, CancellationToken ct)
    {
        if (request.Stdin && container.Input is null)
            throw new PodStreamRefusedException(400, "BadRequest", $"container {request.Container} was not made with stdin: true, nothing can be sent to it");
        RequireWebSocket(http, "attach");
        using var socket = await AcceptChannelsAsync(http);
        var output = container.Console.Attach();
        try
        {
            await new RemoteCommand(socket, new ConsoleEnds(request.Stdin ? container.Input : null, ClosesInput: container.Container.StdinOnce == true,
                async (send, limit) =>
                {
                    await foreach (var piece in output.Reader.ReadAllAsync(limit))
                    {
                        if (piece.IsError ? request.Stderr : request.Stdout)
                            await send(piece.IsError, piece.Bytes);
                    }
                },
                WatchedAsync(container)) { Resize = container.Resize }).RunAsync(time, ct);
        }
        finally
        {
            container.Console.Detach(output);
        }
    }

    /// <summary>Who only watches is not told how the container ended: its status says so.</summary>
    private static async Task<int> WatchedAsync(RunningContainer container)
    {
        await container.Exit;
        return 0;
    }

    private static async Task ForwardAsync(PodStreamRequest request, RunningPod pod, HttpContext http, CancellationToken ct)
    {
        var hint = pod.Pod.Metadata.Label("kubevirt.io") == "virt-launcher"
            ? "; a port of the virtual machine itself is reached at the pod's address: by a Service, or by virtctl port-forward"
            : "";
        await using var transport = await AcceptSpdyAsync(http);
        using var connection = new SpdyConnection(transport);
        try
        {
            await new PortForwarding(connection, $"{request.Namespace}/{request.Pod}", pod.NetworkNamespace, hint).RunAsync(ct);
        }
        catch (Exception gone) when (gone is IOException or WebSocketException or InvalidDataException or OperationCanceledException)
        {
            // The client is gone, or is none: either way its connection ends here.
        }
    }

    private static async Task<Stream> AcceptSpdyAsync(HttpContext http)
    {
        if (http.WebSockets.IsWebSocketRequest)
        {
            if (!http.WebSockets.WebSocketRequestedProtocols.Contains(TunnelProtocol))
                throw new PodStreamRefusedException(400, "BadRequest", $"portforward: of WebSocket protocols only {TunnelProtocol} is spoken");
            return WebSocketStream.Create(await AcceptTunnelAsync(http), WebSocketMessageType.Binary, ownsWebSocket: true);
        }

        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade
            || !string.Equals(http.Request.Headers.Upgrade, "SPDY/3.1", StringComparison.OrdinalIgnoreCase))
            throw new PodStreamRefusedException(400, "BadRequest", "portforward: Upgrade request required");
        http.Response.Headers.Upgrade = "SPDY/3.1";
        http.Response.Headers["X-Stream-Protocol-Version"] = ForwardProtocol;
        return await upgrade.UpgradeAsync();
    }

    private static void RequireWebSocket(HttpContext http, string kind)
    {
        if (!http.WebSockets.IsWebSocketRequest)
            throw new PodStreamRefusedException(400, "BadRequest", $"{kind}: a WebSocket is required ({string.Join(" or ", ChannelSocket.Protocols)}); SPDY, as spoken by kubectl before 1.29, is not");
        if (ChosenProtocol(http) is null)
            throw new PodStreamRefusedException(400, "BadRequest", $"{kind}: none of the client's protocols is known; it must be {string.Join(" or ", ChannelSocket.Protocols)}");
    }

    private static string? ChosenProtocol(HttpContext http) =>
        ChannelSocket.Protocols.FirstOrDefault(http.WebSockets.WebSocketRequestedProtocols.Contains);

    private static async Task<ChannelSocket> AcceptChannelsAsync(HttpContext http) => new(await AcceptAsync(http, ChosenProtocol(http)!));

    /// <summary>A client that is not heard of for a while, though asked, has gone without a word.</summary>
    private static Task<WebSocket> AcceptAsync(HttpContext http, string protocol) =>
        http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = protocol, KeepAliveInterval = KeepAlive, KeepAliveTimeout = KeepAlive });

    /// <summary>By hand (RFC 6455 §4.2.2), because the tunnel's protocol has a '/' in its name, which no WebSocket protocol may have.</summary>
    private static async Task<WebSocket> AcceptTunnelAsync(HttpContext http)
    {
        const string magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        var upgrade = http.Features.GetRequiredFeature<IHttpUpgradeFeature>();
        var headers = http.Response.Headers;
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(http.Request.Headers.SecWebSocketKey + magic)));
        headers.SecWebSocketProtocol = TunnelProtocol;
        return WebSocket.CreateFromStream(await upgrade.UpgradeAsync(), new WebSocketCreationOptions
        {
            IsServer = true,
            KeepAliveInterval = KeepAlive,
            KeepAliveTimeout = KeepAlive,
        });
    }

    private static async Task CopyAsync(Stream from, Func<ReadOnlyMemory<byte>, Task> send, CancellationToken ct)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await from.ReadAsync(buffer, ct)) > 0)
            await send(buffer.AsMemory(0, count));
    }
}
