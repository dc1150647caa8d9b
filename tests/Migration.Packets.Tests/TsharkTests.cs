using System.Net;
using Migration.Packets.Dhcp;
using Migration.Packets.Ndp;
using Migration.Testing;

namespace Migration.Packets.Tests;

/// <summary>Everything that we ever say, read by tshark: nothing malformed, nothing it would warn of, every checksum right.</summary>
public sealed class TsharkTests : IDisposable
{
    private static readonly MacAddress Gateway = MacAddress.Parse("0a:58:0a:f4:01:01");

    private static readonly DhcpLease Lease = new()
    {
        Mac = Questions.Guest,
        Addresses = [InterfaceAddress.Parse($"{Questions.Address}/24"), InterfaceAddress.Parse($"{Questions.Address6}/64"), InterfaceAddress.Parse("fd00:20::5/128")],
        Gateway = IPAddress.Parse("10.244.1.1"),
        GatewayIpv6 = IPAddress.Parse("fd00:10:244:1::1"),
        Routes = [new(IPNetwork.Parse("172.16.0.0/12"), IPAddress.Parse("10.244.1.2")), new(IPNetwork.Parse("fd77::/32"), IPAddress.Parse("fd00:10:244:1::2"))],
        NameServers = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00:10:96::a")],
        NtpServers = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::123"), IPAddress.Parse("fd00::124")],
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        HostName = "guest",
        TftpServerName = "10.0.0.7",
        BootFileName = "pxelinux.0",
        Mtu = 1450,
        ExtraOptions = [new((DhcpOptionCode)240, "ours"u8.ToArray())],
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("tshark-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Leases() => ["everything", "overflowing", "a gateway off the link", "the least"];

    [Theory]
    [MemberData(nameof(Leases))]
    public async Task Nothing_that_we_say_is_malformed(string kind)
    {
        var responder = new GuestResponder(
            Of(kind), DhcpServerIdentity.ForInterface(0), new Dictionary<IPAddress, MacAddress> { [IPAddress.Parse("fd00:10:244:1::1")] = Gateway },
            RouterIdentity.Through(Gateway));
        var said = Say(responder).ToList();
        var file = Path.Combine(_folder, "said.pcap");
        Save(file, said.Select(s => s.Frame));

        var found = await TsharkAsync(file, "-Y", "_ws.malformed || _ws.expert.severity >= warning", "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message");
        Assert.True(found.Length == 0, Explain(found, said));
        var checksums = await TsharkAsync(
            file, "-T", "fields", "-e", "frame.number", "-e", "ip.checksum.status", "-e", "udp.checksum.status", "-e", "icmpv6.checksum.status", "-e", "arp.opcode");
        Assert.All(checksums.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^[0-9]+\t(1\t1\t\t|\t1\t\t|\t\t1\t|\t\t\t2)$", line));
    }

    [Fact]
    public async Task What_tshark_reads_is_what_the_lease_says()
    {
        var responder = new GuestResponder(Lease, DhcpServerIdentity.ForInterface(0), router: RouterIdentity.Through(Gateway));
        var reply = new byte[GuestResponder.MaximumFrame];
        var frames = new[] { Questions.Dhcp4().First(q => q.Name == "discover").Frame, Questions.Dhcp6().First(q => q.Name == "request").Frame, RealClients.RouterSolicitation }
            .Select(question => reply[..responder.Answer(question, reply).Length]).ToList();
        var file = Path.Combine(_folder, "read.pcap");
        Save(file, frames);

        Assert.Equal(
            "10.244.1.5|255.255.255.0|10.244.1.1|10.96.0.10|guest|default.svc.cluster.local|default.svc.cluster.local,svc.cluster.local,cluster.local|1450|10.0.0.1|10.0.0.7|pxelinux.0",
            await FieldsAsync(
                file, "dhcp", "dhcp.ip.your", "dhcp.option.subnet_mask", "dhcp.option.router", "dhcp.option.domain_name_server", "dhcp.option.hostname", "dhcp.option.domain_name",
                "dhcp.option.dhcp_dns_domain_search_list_fqdn", "dhcp.option.interface_mtu", "dhcp.option.ntp_server", "dhcp.option.tftp_server_name", "dhcp.option.bootfile_name"));
        Assert.Equal(
            "fd00:10:244:1::5,fd00:20::5|3600,3600|1800|2880|fd00:10:96::a|default.svc.cluster.local.,svc.cluster.local.,cluster.local.",
            await FieldsAsync(file, "dhcpv6", "dhcpv6.iaaddr.ip", "dhcpv6.iaaddr.valid_lifetime", "dhcpv6.iaid.t1", "dhcpv6.iaid.t2", "dhcpv6.dns_server", "dhcpv6.search_list_entry"));
        Assert.Equal(
            "1|1|1800|1450|fd00:10:244:1::,fd77::|0|fd00:10:96::a|0a:58:0a:f4:01:01",
            await FieldsAsync(
                file, "icmpv6", "icmpv6.nd.ra.flag.m", "icmpv6.nd.ra.flag.o", "icmpv6.nd.ra.router_lifetime", "icmpv6.opt.mtu", "icmpv6.opt.prefix", "icmpv6.opt.prefix.flag.a",
                "icmpv6.opt.rdnss", "icmpv6.opt.linkaddr"));
    }

    private static DhcpLease Of(string kind) => kind switch
    {
        "overflowing" => Lease with
        {
            SearchDomains = [.. Enumerable.Range(0, 40).Select(i => $"namespace-with-a-long-name-{i}.svc.cluster.local")],
            ExtraOptions = [new((DhcpOptionCode)240, new byte[200]), new((DhcpOptionCode)241, new byte[60])],
            NameServers = [.. Enumerable.Range(1, 20).SelectMany(i => new[] { IPAddress.Parse($"10.96.0.{i}"), IPAddress.Parse($"fd00:10:96::{i:x}") })],
        },
        "a gateway off the link" => Lease with
        {
            Addresses = [InterfaceAddress.Parse($"{Questions.Address}/32"), InterfaceAddress.Parse($"{Questions.Address6}/128")],
            Gateway = IPAddress.Parse("169.254.1.1"),
            GatewayIpv6 = IPAddress.Parse("fe80::ecee:eeff:feee:eeee"),
            Routes = [],
        },
        "the least" => new DhcpLease { Mac = Lease.Mac, Addresses = Lease.Addresses },
        _ => Lease,
    };

    private static IEnumerable<(string Name, byte[] Frame)> Say(GuestResponder responder)
    {
        var reply = new byte[GuestResponder.MaximumFrame];
        foreach (var (name, question) in Questions.Dhcp4().Concat(Questions.Dhcp6()).Concat(Questions.Neighbours()).Append(("arp", Questions.Arp("169.254.75.10"))))
        {
            var length = responder.Answer(question, reply).Length;
            if (length > 0) yield return (name, reply[..length]);
        }
        yield return ("advertisement", reply[..responder.WriteAdvertisement(reply)]);
        yield return ("farewell", reply[..responder.WriteFarewell(reply)]);
    }

    private static string Explain(string found, List<(string Name, byte[] Frame)> said) => string.Join('\n', found
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))
        .Select(f => $"{said[int.Parse(f[0], System.Globalization.CultureInfo.InvariantCulture) - 1].Name}: {f[1]}"));

    private static async Task<string> FieldsAsync(string file, string filter, params string[] fields) =>
        (await TsharkAsync(file, ["-Y", filter, "-T", "fields", "-E", "separator=|", .. fields.SelectMany(f => new[] { "-e", f })])).TrimEnd('\n');

    private static Task<string> TsharkAsync(string file, params string[] arguments) => Shell.RunAsync(
        "tshark", ["-n", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", .. arguments]);

    // pcap-savefile(5): magic, version 2.4, no time zone, snapshot length, Ethernet. A second apart, so that nothing looks like a repetition.
    private static void Save(string path, IEnumerable<byte[]> frames)
    {
        using var file = new BinaryWriter(File.Create(path));
        foreach (var word in new uint[] { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 }) file.Write(word);
        var second = 0u;
        foreach (var frame in frames)
        {
            foreach (var word in new[] { second++, 0u, (uint)frame.Length, (uint)frame.Length }) file.Write(word);
            file.Write(frame);
        }
    }
}
