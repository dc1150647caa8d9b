using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Migration.Protos;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>What one node may say to another about a guest's address.</summary>
public sealed class PeerTests
{
    [Fact]
    public async Task Nodes_lead_no_frames_but_those_of_their_own_guests()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, new MigrationOptions { Anchor = Anchor.Always });
        await move.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        var way = new Stretch
        {
            Interface = "default",
            Id = 7,
            HomeMachineId = guest.Pod.Uid,
            HomeNode = "a",
            HomeAddress = lab.A.Address,
            HomeControlEndpoint = $"{lab.A.Address}:7411",
            GuestNode = "c",
            GuestAddress = lab.B.Address,
        };
        var before = await WaysAsync(guest.Pod);

        using (var stranger = Connect(lab, lab.A, LabCertificates.NodeName("c")))
        {
            foreach (var step in Enum.GetValues<AnchorStep>())
                await RefusedAsync(StatusCode.PermissionDenied, () => PointAsync(stranger, way, step));
            await RefusedAsync(StatusCode.NotFound, () => PointAsync(stranger, new Stretch(way) { HomeMachineId = "nobody" }, AnchorStep.Prepare));
            await RefusedAsync(StatusCode.NotFound, () => PointAsync(stranger, new Stretch(way) { Interface = "other" }, AnchorStep.Prepare));
            await RefusedAsync(StatusCode.InvalidArgument, () => PointAsync(stranger, new Stretch(way) { Id = 1 << 24 }, AnchorStep.Prepare));
            await RefusedAsync(StatusCode.InvalidArgument, () => PointAsync(stranger, null, AnchorStep.Prepare));
        }

        using (var nobody = Connect(lab, lab.A, "somebody"))
            await RefusedAsync(StatusCode.PermissionDenied, () => PointAsync(nobody, way, AnchorStep.Prepare));
        using (var stranger = Connect(lab, lab.B, LabCertificates.NodeName("c")))
            await RefusedAsync(StatusCode.PermissionDenied, () => StretchAsync(stranger, move.Id, way));
        using (var source = Connect(lab, lab.B, LabCertificates.NodeName("a")))
        {
            await RefusedAsync(StatusCode.NotFound, () => StretchAsync(source, "another", way));
            await RefusedAsync(StatusCode.FailedPrecondition, () => StretchAsync(source, move.Id, way));
        }

        Assert.Equal(before, await WaysAsync(guest.Pod));
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    /// <summary>The pod's links, and where its NIC's frames go.</summary>
    private static async Task<string> WaysAsync(LabPod pod) =>
        await pod.Namespace.ExecuteAsync("ls /sys/class/net") + await pod.Namespace.ExecuteAsync("tc filter show dev eth0 ingress");

    private static async Task PointAsync(GrpcChannel channel, Stretch? way, AnchorStep step) =>
        await new Protos.Migrations.MigrationsClient(channel).PointAnchorAsync(new PointAnchorRequest { Step = step, Stretch = way }, deadline: LabNode.Soon());

    private static async Task StretchAsync(GrpcChannel channel, string migration, Stretch way) =>
        await new Protos.Migrations.MigrationsClient(channel).StretchIncomingAsync(new StretchIncomingRequest { MigrationId = migration, Stretches = { way } }, deadline: LabNode.Soon());

    private static async Task RefusedAsync(StatusCode code, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(refused.StatusCode == code, $"{code} was expected: {refused.Status}");
        Assert.NotEmpty(refused.Status.Detail);
    }

    /// <summary>From the other node's namespace, as whoever this certificate says.</summary>
    private static GrpcChannel Connect(NodeLab lab, LabNode node, string name)
    {
        var from = node == lab.A ? lab.B : lab.A;
        var folder = lab.Certificates.Issue(name);
        var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));
        return GrpcChannel.ForAddress($"https://{node.Address}:7411", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                UseProxy = false,
                SslOptions = new SslClientAuthenticationOptions { ClientCertificates = [certificate], RemoteCertificateValidationCallback = (_, _, _, _) => true },
                ConnectCallback = async (request, ct) =>
                {
                    var socket = from.Namespace.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                    await socket.ConnectAsync(IPEndPoint.Parse($"{node.Address}:7411"), ct);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
        });
    }
}
