using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>Whoever dies in whichever phase: in the end exactly one guest runs, both nodes say the same, and nothing is left.</summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData("source", true)]
    [InlineData("target", true)]
    [InlineData("both", true)]
    [InlineData("source", false)]
    [InlineData("target", false)]
    [InlineData("both", false)]
    public async Task Node_service_killed_during_the_copy(string victim, bool encrypted)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, MigrationTests.Slow(encrypted));
        await move.StartAsync();
        await move.WaitForCopyAsync();

        await KillAndRestartAsync(lab, victim);

        // The encrypted stream runs through the node services and is cut; a descriptor is QEMU's own and is not.
        var source = await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        var target = await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");
        Invariants.Is(lab, encrypted ? MigrationPhase.Failed : MigrationPhase.Succeeded, source);
        Assert.Equal(source.Phase, target.Phase);
        Assert.Equal(encrypted, source.Reason.Length > 0);
        await (encrypted ? Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod) : Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod));
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Theory]
    [InlineData("source")]
    [InlineData("target")]
    public async Task Node_service_killed_at_the_switch_over(string victim)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        await move.PrepareAsync();
        using var watching = new CancellationTokenSource(LabNode.Limit);
        await lab.A.Migrations.StartOutgoingAsync(move.Request());
        await move.WatchSourceUntilAsync(state => state.Phase >= MigrationPhase.Switching, watching.Token);

        await KillAndRestartAsync(lab, victim);

        var source = await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        var target = await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");
        Assert.Equal(source.Phase, target.Phase);
        await (source.Phase is MigrationPhase.Succeeded ? Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod) : Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod));
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("source")]
    [InlineData("target")]
    [InlineData("both")]
    public async Task Target_that_cannot_be_asked_leaves_it_undecided_until_it_answers(string victim)
    {
        await using var lab = await NodeLab.StartAsync();
        var (guest, move) = await UndecidedAsync(lab);
        await Invariants.NobodyRunsAsync(guest.Pod, move.TargetPod);

        await KillAndRestartAsync(lab, victim);
        await AllowControlAsync(lab.B);

        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        await Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod);
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Target_that_lost_the_loaded_guest_gives_it_back()
    {
        await using var lab = await NodeLab.StartAsync();
        var (guest, move) = await UndecidedAsync(lab);

        await KillQemuAsync(lab, lab.B, move.TargetPod);
        await lab.B.WaitForMigrationAsync(move.Id, state => state.Outcome is Outcome.Aborted, "the target has decided");
        await Invariants.NobodyRunsAsync(guest.Pod, move.TargetPod);
        await AllowControlAsync(lab.B);

        Invariants.Is(lab, MigrationPhase.Failed, await move.WaitForSourceAsync(MigrationPhase.Failed));
        await Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Source_that_dies_after_handing_over_does_not_take_the_guest_with_it()
    {
        await using var lab = await NodeLab.StartAsync();
        var (guest, move) = await UndecidedAsync(lab);

        await KillQemuAsync(lab, lab.A, guest.Pod);
        await AllowControlAsync(lab.B);

        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        await Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Target_qemu_killed_during_the_copy(bool encrypted)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, MigrationTests.Slow(encrypted));
        await move.StartAsync();
        await move.WaitForCopyAsync();

        await KillQemuAsync(lab, lab.B, move.TargetPod);

        var source = await move.WaitForSourceAsync(MigrationPhase.Failed);
        var target = await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");
        Assert.Equal((MigrationPhase.Failed, MigrationPhase.Failed), (source.Phase, target.Phase));
        Assert.NotEmpty(source.Reason);
        await Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Target_qemu_frozen_during_the_copy_is_given_up_at_the_time_limit(bool encrypted)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var options = MigrationTests.Slow(encrypted);
        options.TimeLimit = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(3));
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, options);
        await move.StartAsync();
        await move.WaitForCopyAsync();

        await SignalQemuAsync(lab, lab.B, move.TargetPod, "STOP");

        var source = await move.WaitForSourceAsync(MigrationPhase.Failed);
        var target = await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");
        Assert.Equal((MigrationPhase.Failed, MigrationPhase.Failed), (source.Phase, target.Phase));
        Assert.Contains("did not converge", source.Reason);
        await Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Strangers_at_the_data_port_are_turned_away_and_disturb_nothing()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, MigrationTests.Slow(encrypted: true));
        await move.PrepareAsync();
        var header = Header(move.Id, move.Prepared.Token.ToByteArray());

        await StrangerAsync(lab.A, move, socket => socket.Shutdown(SocketShutdown.Both));
        await StrangerAsync(lab.A, move, socket => socket.Send(Encoding.ASCII.GetBytes("GET / HTTP/1.0\r\n\r\n")));
        await StrangerAsync(lab.A, move, socket => socket.Send(header));
        await StrangerAsync(lab.A, move, socket => Speak(socket, lab.Certificates.Issue(LabCertificates.NodeName("mallory")), header));
        await StrangerAsync(lab.A, move, socket => Speak(socket, lab.Certificates.Issue("migration:controllers"), header));
        await StrangerAsync(lab.A, move, socket => Speak(socket, lab.Certificates.Issue(LabCertificates.NodeName("a")), Header(move.Id, new byte[32])));
        using (var forgers = new LabCertificates(Path.Combine(lab.Folder, "forged")))
            await StrangerAsync(lab.A, move, socket => Speak(socket, forgers.Issue(LabCertificates.NodeName("a")), header));

        await lab.A.Migrations.StartOutgoingAsync(move.Request());
        await move.WaitForCopyAsync();
        // A copy of the right token by the right node, but for a channel that is taken.
        await StrangerAsync(lab.A, move, socket => Speak(socket, lab.Certificates.Issue(LabCertificates.NodeName("a")), header));
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        Assert.Equal(8, lab.B.Log.Split('\n').Count(line => line.Contains("Turned away", StringComparison.Ordinal)));
        await Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod);
    }

    /// <summary>Loaded on the target, stopped on the source, and the control port of the target does not answer.</summary>
    private static async Task<(LabGuest, LabMove)> UndecidedAsync(NodeLab lab)
    {
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, MigrationTests.Slow(encrypted: true));
        await move.StartAsync();
        await move.WaitForCopyAsync();
        await ForbidControlAsync(lab.B);
        var source = await move.WaitForSourceAsync(MigrationPhase.Undecided);
        Invariants.Is(lab, MigrationPhase.Undecided, source);
        Assert.Contains("node b", source.Reason);
        return (guest, move);
    }

    /// <summary>Nobody reaches the node's control address any more.</summary>
    internal static async Task ForbidControlAsync(LabNode node)
    {
        await node.Namespace.ExecuteAsync("nft add table inet cut");
        await node.Namespace.ExecuteAsync("nft add chain inet cut in { type filter hook input priority 0 ; }");
        await node.Namespace.ExecuteAsync("nft add rule inet cut in tcp dport 7411 drop");
    }

    internal static Task AllowControlAsync(LabNode node) => node.Namespace.ExecuteAsync("nft delete table inet cut");

    private static async Task KillAndRestartAsync(NodeLab lab, string victim)
    {
        var victims = victim switch { "source" => new[] { lab.A }, "target" => [lab.B], "both" => [lab.A, lab.B], _ => [] };
        foreach (var node in victims)
            node.Kill();
        foreach (var node in victims)
            await node.StartServiceAsync();
    }

    internal static Task KillQemuAsync(NodeLab lab, LabNode node, LabPod pod) => SignalQemuAsync(lab, node, pod, "KILL");

    private static async Task SignalQemuAsync(NodeLab lab, LabNode node, LabPod pod, string signal)
    {
        var machine = (await node.Machines.GetMachineAsync(new GetMachineRequest { Id = pod.Uid })).Machine;
        Assert.True(machine.QemuPid > 0, $"{machine}\n{lab.Describe()}");
        await Shell.RunAsync("kill", $"-{signal}", $"{machine.QemuPid}");
    }

    /// <summary>Connects from the source's namespace, does its worst, and sees the connection closed without a word.</summary>
    private static async Task StrangerAsync(LabNode from, LabMove move, Action<Socket> act)
    {
        using var socket = from.Namespace.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.ReceiveTimeout = 20_000;
        await Task.Run(() => socket.Connect(IPEndPoint.Parse(move.Prepared.DataEndpoint)));
        await Task.Run(() =>
        {
            act(socket);
            Assert.False(IsWelcome(socket));
        });
    }

    private static bool IsWelcome(Socket socket)
    {
        try
        {
            var answer = new byte[1];
            return socket.Receive(answer) > 0 && answer[0] == 1;
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static void Speak(Socket socket, string certificates, byte[] header)
    {
        using var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(certificates, "tls.crt"), Path.Combine(certificates, "tls.key"));
        using var stream = new SslStream(new NetworkStream(socket), false, (_, _, _, _) => true);
        try
        {
            stream.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "b", ClientCertificates = [certificate] });
            stream.Write(header);
            Assert.NotEqual(1, stream.ReadByte());
        }
        catch (IOException)
        {
            // Closed during or after the handshake: as it should be.
        }
    }

    private static byte[] Header(string id, byte[] token)
    {
        var text = Encoding.ASCII.GetBytes(id);
        return [.. "MGR1"u8, 0, 0, (byte)text.Length, (byte)token.Length, .. text, .. token];
    }
}
