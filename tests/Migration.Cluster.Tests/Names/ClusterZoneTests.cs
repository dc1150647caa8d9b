using System.Buffers.Binary;
using Migration.Kubernetes;
using Migration.Local.Names;

namespace Migration.Cluster.Tests.Names;

/// <summary>What names a cluster has, and how answers are written.</summary>
public sealed class ClusterZoneTests
{
    private static readonly Service Web = Service("web", "10.96.0.40", "fd96::28");
    private static readonly Service Each = Service("each", "None");
    private static readonly Service Elsewhere = new() { Metadata = Meta("elsewhere"), Spec = new ServiceSpec { Type = "ExternalName", ExternalName = "example.org." } };
    private static readonly EndpointSlice Pods = new()
    {
        Metadata = Meta("each-ipv4") with { Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "each" } },
        AddressType = "IPv4",
        Endpoints =
        [
            new Endpoint { Addresses = ["10.244.1.7"], Hostname = "one", Conditions = new EndpointConditions { Ready = true } },
            new Endpoint { Addresses = ["10.244.2.9"], Conditions = new EndpointConditions { Ready = true } },
            new Endpoint { Addresses = ["10.244.2.10"], Hostname = "unready", Conditions = new EndpointConditions { Ready = false } },
        ],
        Ports = [new EndpointPort { Name = "http", Port = 8080, Protocol = "TCP" }],
    };

    private static readonly ClusterZone Zone = new([Web, Each, Elsewhere], [Pods], "cluster.local");

    public static TheoryData<string, DnsType, DnsOutcome, string> Names => new()
    {
        { "web.test.svc.cluster.local", DnsType.A, DnsOutcome.Found, "10.96.0.40" },
        { "web.test.svc.cluster.local", DnsType.Ipv6, DnsOutcome.Found, "fd96::28" },
        { "web.test.svc.cluster.local", DnsType.Pointer, DnsOutcome.Found, "" },
        { "web.other.svc.cluster.local", DnsType.A, DnsOutcome.NoSuchName, "" },
        { "each.test.svc.cluster.local", DnsType.A, DnsOutcome.Found, "10.244.1.7 10.244.2.9" },
        { "each.test.svc.cluster.local", DnsType.Ipv6, DnsOutcome.Found, "" },
        { "one.each.test.svc.cluster.local", DnsType.A, DnsOutcome.Found, "10.244.1.7" },
        { "10-244-2-9.each.test.svc.cluster.local", DnsType.A, DnsOutcome.Found, "10.244.2.9" },
        { "unready.each.test.svc.cluster.local", DnsType.A, DnsOutcome.NoSuchName, "" },
        { "one.web.test.svc.cluster.local", DnsType.A, DnsOutcome.NoSuchName, "" },
        { "_http._tcp.web.test.svc.cluster.local", DnsType.Service, DnsOutcome.Found, "80 web.test.svc.cluster.local" },
        { "_http._tcp.each.test.svc.cluster.local", DnsType.Service, DnsOutcome.Found, "8080 one.each.test.svc.cluster.local 8080 10-244-2-9.each.test.svc.cluster.local" },
        { "_http._udp.web.test.svc.cluster.local", DnsType.Service, DnsOutcome.NoSuchName, "" },
        { "elsewhere.test.svc.cluster.local", DnsType.A, DnsOutcome.Found, "example.org" },
        { "10-244-1-7.test.pod.cluster.local", DnsType.A, DnsOutcome.Found, "10.244.1.7" },
        { "fd10-244-1--2.test.pod.cluster.local", DnsType.Ipv6, DnsOutcome.Found, "fd10:244:1::2" },
        { "nonsense.test.pod.cluster.local", DnsType.A, DnsOutcome.NoSuchName, "" },
        { "40.0.96.10.in-addr.arpa", DnsType.Pointer, DnsOutcome.Found, "web.test.svc.cluster.local" },
        { "7.1.244.10.in-addr.arpa", DnsType.Pointer, DnsOutcome.Found, "one.each.test.svc.cluster.local" },
        { "8.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.d.f.ip6.arpa", DnsType.Pointer, DnsOutcome.Found, "web.test.svc.cluster.local" },
        { "1.2.0.192.in-addr.arpa", DnsType.Pointer, DnsOutcome.Refused, "" },
        { "svc.cluster.local", DnsType.A, DnsOutcome.Found, "" },
        { "a.b.c.d.e.svc.cluster.local", DnsType.A, DnsOutcome.NoSuchName, "" },
        { "example.org", DnsType.A, DnsOutcome.Refused, "" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Names_lead_where_Kubernetes_says(string name, DnsType type, DnsOutcome outcome, string records)
    {
        var answer = Zone.Answer(new DnsQuestion(name, type, default));

        Assert.Equal(outcome, answer.Outcome);
        Assert.Equal(records, string.Join(' ', answer.Records.Select(record => record switch
        {
            DnsRecord.Address address => address.Value.ToString(),
            DnsRecord.Service service => $"{service.Port} {service.Target}",
            DnsRecord.Pointer pointer => pointer.Target,
            DnsRecord.Alias alias => alias.Target,
            _ => record.ToString(),
        })));
    }

    [Fact]
    public void What_does_not_fit_is_left_out_and_said_so()
    {
        // id 7, recursion desired, one question: WEB.test.svc.cluster.local A IN
        byte[] query = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, .. "WEB"u8, 4, .. "test"u8, 3, .. "svc"u8, 7, .. "cluster"u8, 5, .. "local"u8, 0, 0, 1, 0, 1];
        var question = DnsMessage.TryReadQuery(query, out var longest)!;
        Assert.Equal(("web.test.svc.cluster.local", DnsType.A, 512), (question.Name, question.Type, longest));

        var whole = DnsMessage.WriteAnswer(query, question, Zone.Answer(question), "cluster.local", longest);
        Assert.Equal((7, 0x8500, 1), (Number(whole, 0), Number(whole, 2), Number(whole, 6)));
        Assert.Equal([10, 96, 0, 40], whole[^4..]);

        var cut = DnsMessage.WriteAnswer(query, question, Zone.Answer(question), "cluster.local", query.Length + 3);
        Assert.Equal((0x8700, 0), (Number(cut, 2), Number(cut, 6)));
    }

    [Fact]
    public void Any_bytes_are_a_query_or_none()
    {
        var random = new Random(20261121);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            if (bytes.Length > 6 && random.Next(2) == 0)
                (bytes[2], bytes[4], bytes[5]) = (1, 0, 1);
            if (DnsMessage.TryReadQuery(bytes, out var longest) is { } question)
                Assert.NotEmpty(DnsMessage.WriteAnswer(bytes, question, Zone.Answer(question), "cluster.local", longest));
        }
    }

    private static int Number(byte[] message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(offset));

    private static ObjectMeta Meta(string name) => new() { Name = name, Namespace = "test" };

    private static Service Service(string name, params string[] addresses) => new()
    {
        Metadata = Meta(name),
        Spec = new ServiceSpec { Type = "ClusterIP", ClusterIp = addresses[0], ClusterIps = addresses, Ports = [new ServicePort { Name = "http", Port = 80, Protocol = "TCP" }] },
    };
}
