using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Dhcp;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>A hundred guest NICs, and the node service killed under them: everybody is served again, and what they are told is unchanged.</summary>
public sealed class RestartTests(ITestOutputHelper output)
{
    private const int Nics = 100;
    private const long MostPerNic = 256 << 10;

    [Fact]
    public async Task Hundred_nics_are_served_again_after_a_restart_with_the_same_leases()
    {
        await using var lab = await NodeLab.StartAloneAsync();
        using var pod = TestNamespace.Create("pod");
        await AddNicsAsync(pod);
        // What the first one costs is the program's own; it is the others that are counted.
        List<string> names = [await AttachAsync(lab.A, pod, 0)];
        var (alone, residentAlone) = await RestartAsync(lab.A, pod, names);
        foreach (var number in Enumerable.Range(1, Nics - 1))
            names.Add(await AttachAsync(lab.A, pod, number));
        var attached = await LeasesAsync(lab.A);

        var (all, residentAll) = await RestartAsync(lab.A, pod, names);

        Assert.Equal(attached, await LeasesAsync(lab.A));
        var perNic = (residentAll - residentAlone) / (Nics - 1);
        output.WriteLine($"served again after the start of the process: {Nics} NICs in {all.TotalMilliseconds:0} ms, one in {alone.TotalMilliseconds:0} ms; {perNic >> 10} KiB resident per NIC");
        Assert.True(perNic <= MostPerNic, $"{perNic} bytes resident per NIC");
    }

    /// <summary>Kills the node under what is attached; everybody is offered what it was offered before.</summary>
    private static async Task<(TimeSpan Time, long Resident)> RestartAsync(LabNode node, TestNamespace pod, List<string> names)
    {
        var taps = names.Select(name => Tap.Open(pod.Space, name, new TapOptions { VirtioNetHeader = true })).ToList();
        try
        {
            var before = taps.Select((tap, number) => Ask(tap, number)).ToList();

            node.Kill();
            var started = Stopwatch.GetTimestamp();
            await node.StartServiceAsync();
            var after = taps.Select((tap, number) => Ask(tap, number)).ToList();
            var served = Stopwatch.GetElapsedTime(started);

            Assert.Equal(names.Select((_, number) => AddressOf(number).ToString()), before);
            Assert.Equal(before, after);
            return (served, ResidentBytes(node.Process!.Id));
        }
        finally
        {
            foreach (var tap in taps)
                tap.Dispose();
        }
    }

    private static IPAddress AddressOf(int number) => new([10, 9, (byte)number, 5]);

    private static string NicName(int number) => $"net{number}";

    private static MacAddress MacOf(int number) => MacAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:09:{number:x2}"));

    private static async Task AddNicsAsync(TestNamespace pod)
    {
        var batch = Path.GetTempFileName();
        await File.WriteAllLinesAsync(batch, Enumerable.Range(0, Nics).SelectMany(number => new[]
        {
            $"link add {NicName(number)} address {MacOf(number)} type veth peer name peer{number}",
            $"link set peer{number} up",
            $"link set {NicName(number)} up",
            $"addr add {AddressOf(number)}/24 dev {NicName(number)}",
        }));
        await pod.IpAsync($"-batch {batch}");
        File.Delete(batch);
    }

    private static async Task<string> AttachAsync(LabNode node, TestNamespace pod, int number) => (await node.Networks.AttachAsync(
        new AttachRequest
        {
            Key = new AttachmentKey { Network = "lab", ContainerId = "pod", InterfaceName = NicName(number) },
            Pod = new PodIdentity { Namespace = "default", Name = "pod", Uid = "pod" },
            NamespacePath = pod.Path,
            Interface = new Interface { Name = NicName(number), PodInterface = NicName(number), Binding = Binding.Bridge },
        },
        deadline: TimeProvider.System.GetUtcNow().UtcDateTime + LabNode.Limit)).Attachment.Interface.Tap;

    private static async Task<IEnumerable<string>> LeasesAsync(LabNode node) =>
        (await node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Select(attachment => attachment.Interface.Lease.ToString());

    /// <summary>The address that a DISCOVER is offered, asking until somebody answers.</summary>
    private static string Ask(Tap tap, int number)
    {
        var question = Question(MacOf(number));
        var frame = new byte[4096];
        using var poller = new Poller();
        using var watch = poller.Watch(tap.Queues[0], () => { });
        var asked = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(asked) < LabNode.Limit)
        {
            tap.Queues[0].Write(question);
            while (poller.Wait(TimeSpan.FromMilliseconds(20)))
            {
                var length = tap.Queues[0].Read(frame);
                if (OfferIn(frame.AsSpan(PacketSocket.VirtioNetHeaderSize..length)) is { } offered)
                    return offered;
            }
        }

        throw new TimeoutException($"nobody offers {NicName(number)} an address");
    }

    private static string? OfferIn(ReadOnlySpan<byte> bytes) =>
        EthernetFrame.TryParse(bytes, out var frame, out _) && frame.Type == EtherType.Ipv4
        && Ipv4Packet.TryParse(frame.Payload, out var packet, out _) && UdpDatagram.TryParse(packet, out var datagram, out _) && datagram.DestinationPort == 68
        && DhcpPacket.TryParse(datagram.Payload, out var offer, out _)
            ? offer!.YourAddress.ToString()
            : null;

    private static byte[] Question(MacAddress mac)
    {
        var message = new DhcpPacket { ClientMac = mac, Options = Packets.Dhcp.DhcpOptions.Of([new(DhcpOptionCode.MessageType, new[] { (byte)DhcpMessageType.Discover })]) }.ToArray();
        const int ip = PacketSocket.VirtioNetHeaderSize + EthernetFrame.HeaderLength, udp = ip + Ipv4Packet.HeaderLength, payload = udp + UdpDatagram.HeaderLength;
        var frame = new byte[payload + message.Length];
        message.CopyTo(frame, payload);
        EthernetFrame.WriteHeader(frame.AsSpan(PacketSocket.VirtioNetHeaderSize), MacAddress.Broadcast, mac, EtherType.Ipv4);
        UdpDatagram.WriteHeader(frame.AsSpan(udp), default, Ipv4Address.Broadcast, 68, 67, message.Length);
        Ipv4Packet.WriteHeader(frame.AsSpan(ip), default, Ipv4Address.Broadcast, IpProtocol.Udp, UdpDatagram.HeaderLength + message.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(udp + 6), 0);
        return frame;
    }

    private static long ResidentBytes(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
}
