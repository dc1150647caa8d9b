using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Node.DataPlane;
using Migration.Node.Machines;
using Migration.Node.State;
using Migration.Qemu;

namespace Migration.Node.Migrations;

/// <summary>
/// How the source QEMU's stream reaches the other node: encrypted over a unix socket and this process, or plainly over a connected
/// socket that QEMU is given.
/// </summary>
internal sealed class SourcePath(OutgoingRecord migration, PodFolder folder, DataDialer dialer, Wakeup wakeup) : IAsyncDisposable
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Pump> _pumps = [];
    private readonly string _name = $"out-{migration.Id}.sock";
    private readonly List<Task> _watching = [];
    private Socket? _listener;
    private Task _carrying = Task.CompletedTask;
    private volatile string? _broken;

    /// <summary>Why the path ended before QEMU was done with it.</summary>
    public string? Broken => _broken;

    /// <summary>How many connections QEMU makes: the main channel, and with multifd one more per channel.</summary>
    public static int Connections(int channels) => channels > 1 ? channels + 1 : 1;

    /// <summary>Makes the path ready and gives the URI that QEMU is to migrate to.</summary>
    public async Task<string> OpenAsync(QmpSession qemu, CancellationToken ct)
    {
        if (migration.Encrypted)
        {
            // The folder is the pod's own: only its processes, all of one user, come near this socket.
            _listener = UnixSocket.Listen(folder.SocketOutside(_name), Everybody, backlog: 32);
            return $"unix:{PodFolder.SocketInside(_name)}";
        }

        using var connection = await dialer.DialAsync(Target(), migration.TargetNode, Header(0), encrypted: false);
        await qemu.GetFdAsync(FileName, connection.Socket.SafeHandle, ct);
        return $"fd:{FileName}";
    }

    /// <summary>QEMU was told to connect: carry its channels, in the order in which it opens them.</summary>
    public void Begun()
    {
        if (_listener is { } listener)
            _carrying = CarryAsync(listener, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _carrying;
        foreach (var pump in _pumps)
            pump.Dispose();
        await Task.WhenAll(_watching);
        _listener?.Dispose();
        _stop.Dispose();
        if (migration.Encrypted && folder.Exists)
            File.Delete(folder.SocketOutside(_name));
    }

    private string FileName => $"migration-{migration.Id}";

    private IPEndPoint Target() => IPEndPoint.Parse(migration.DataEndpoint);

    private ChannelHeader Header(int channel) => new(migration.Id, migration.Token, channel);

    private async Task CarryAsync(Socket listener, CancellationToken ct)
    {
        try
        {
            // QEMU 7.2 takes the first connection it accepts for the main one: each is through to the target before the next is taken.
            for (var channel = 0; channel < Connections(migration.Channels); channel++)
            {
                var near = await listener.AcceptAsync(ct);
                try
                {
                    Carry(near, await dialer.DialAsync(Target(), migration.TargetNode, Header(channel), encrypted: true));
                }
                catch (Exception)
                {
                    near.Dispose();
                    throw;
                }
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or System.Security.Authentication.AuthenticationException or ObjectDisposedException or RefusedException)
        {
            Break(failure.Message);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Carry(Socket near, DataConnection far)
    {
        var pump = new Pump(near, far);
        _pumps.Add(pump);
        pump.Start();
        _watching.Add(WatchAsync(pump));
    }

    private async Task WatchAsync(Pump pump)
    {
        await Task.WhenAny(pump.FarClosed, pump.Ended);
        Break(pump.Ended.IsCompleted && await pump.Ended is { } failure ? failure : $"node {migration.TargetNode} closed it");
    }

    private void Break(string reason)
    {
        _broken ??= reason;
        wakeup.Set();
    }
}
