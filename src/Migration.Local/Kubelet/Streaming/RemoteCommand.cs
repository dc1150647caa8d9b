using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Linux;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>One exec or attach: bytes both ways between a client and a console, the size of its terminal, and at the end how it ended.</summary>
internal sealed class RemoteCommand(ChannelSocket socket, ConsoleEnds console)
{
    private static readonly TimeSpan RestOfOutput = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the command has ended and the client was told, or when the client is gone, whichever comes first.</summary>
    public async Task RunAsync(TimeProvider time, CancellationToken ct)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var receiving = ReceiveAsync(session.Token);
        var forwarding = ForwardAsync(session);
        try
        {
            if (await Task.WhenAny(console.Exit, receiving) != console.Exit)
                return;
            // A child that it left behind may keep its output open; the client is not kept waiting for that.
            await Task.WhenAny(forwarding, Task.Delay(RestOfOutput, time, session.Token));
            await socket.SendAsync(ChannelSocket.Status, StatusOf(await console.Exit), session.Token);
            await socket.CloseAsync(session.Token);
            await Task.WhenAny(receiving, Task.Delay(Farewell, time, session.Token));
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // The client has left before its command; whoever started the command ends it.
        }
        finally
        {
            await session.CancelAsync();
            await Task.WhenAll(receiving, forwarding);
        }
    }

    private async Task ForwardAsync(CancellationTokenSource session)
    {
        try
        {
            await console.Forward((isError, bytes) => socket.SendAsync(isError ? ChannelSocket.Errors : ChannelSocket.Output, bytes, session.Token), session.Token);
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // A client that does not get its output has no session, whatever it may still send.
            await session.CancelAsync();
        }
    }

    private async Task ReceiveAsync(CancellationToken ct)
    {
        try
        {
            await socket.ReceiveAsync((channel, bytes) => TakeAsync(channel, bytes, ct), ct);
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // The same as if it had said good-bye.
        }
    }

    private async Task TakeAsync(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        switch (channel)
        {
            case ChannelSocket.Input when console.Input is { } input:
                await WriteAsync(input, bytes, ct);
                break;
            case ChannelSocket.Close when bytes.Span[0] == ChannelSocket.Input && console is { Input: { } input, ClosesInput: true }:
                await input.DisposeAsync();
                break;
            case ChannelSocket.Resize:
                Resize(bytes.Span);
                break;
        }
    }

    private static async Task WriteAsync(Stream input, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        try
        {
            await input.WriteAsync(bytes, ct);
            await input.FlushAsync(ct);
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The command does not read its input (any more): what is sent to it is lost, as in a shell.
        }
    }

    /// <summary><c>{"Width":80,"Height":24}</c>; anything else is not a size.</summary>
    private void Resize(ReadOnlySpan<byte> message)
    {
        try
        {
            var size = JsonNode.Parse(message);
            console.Resize((ushort)size!["Width"]!, (ushort)size["Height"]!);
        }
        catch (Exception nonsense) when (nonsense is JsonException or InvalidOperationException or NullReferenceException or FormatException or LinuxException)
        {
            // A terminal of unknown size is still a terminal.
        }
    }

    /// <summary>metav1.Status as client-go reads it: the exit code is a cause.</summary>
    private static byte[] StatusOf(int code)
    {
        var status = code == 0
            ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
            : new JsonObject
            {
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["message"] = $"command terminated with non-zero exit code: exit status {code}",
                ["reason"] = "NonZeroExitCode",
                ["details"] = new JsonObject
                {
                    ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code.ToString(CultureInfo.InvariantCulture) }),
                },
            };
        return System.Text.Encoding.UTF8.GetBytes(status.ToJsonString());
    }

    private static bool IsGone(Exception failure) => failure is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;
}
