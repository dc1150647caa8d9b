using System.Buffers.Binary;
using System.Net;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;

namespace Migration.Packets.Tests;

/// <summary>RFC 8415 §16 and §18.3 as tables: what the client says, and what a server with one client answers.</summary>
public sealed class Dhcp6RuleTests
{
    private const string Mine = "fd00::5", Second = "fd00::6", Neighbour = "fd00::9", Elsewhere = "fd77::9";
    private const string Us = "0003000102" + "6d69677201", Them = "000300010200000000aa";

    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);
    private static readonly byte[] Client = Convert.FromHexString("00010001299b0c2802000af40105");

    private static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
        Addresses = [InterfaceAddress.Parse("10.244.1.5/24"), InterfaceAddress.Parse("fd00::5/64"), InterfaceAddress.Parse("fd00::6/64")],
        NameServers = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00::a"), IPAddress.Parse("fd00::b")],
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local"],
        NtpServers = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::123"), IPAddress.Parse("fd00::124")],
        HostName = "guest",
        ValidFor = TimeSpan.FromHours(2),
    };

    [Theory]
    // type, has client id, server id, addresses of its IA_NA (null: none) → outcome, reply
    [InlineData(Dhcp6MessageType.Solicit, true, null, "", DhcpOutcome.Offered, Dhcp6MessageType.Advertise)]
    [InlineData(Dhcp6MessageType.Solicit, true, null, Elsewhere, DhcpOutcome.Offered, Dhcp6MessageType.Advertise)]
    [InlineData(Dhcp6MessageType.Solicit, true, null, null, DhcpOutcome.Offered, Dhcp6MessageType.Advertise)]
    [InlineData(Dhcp6MessageType.Solicit, false, null, "", DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Solicit, true, Us, "", DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Request, true, Us, "", DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Request, true, Us, Mine, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Request, true, Us, Neighbour, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Request, true, Us, Elsewhere, DhcpOutcome.Refused, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Request, true, Us, null, DhcpOutcome.Informed, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Request, true, Them, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Request, true, null, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Request, false, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Confirm, true, null, Mine, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Confirm, true, null, Mine + " " + Second, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Confirm, true, null, Neighbour, DhcpOutcome.Refused, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Confirm, true, null, Mine + " " + Elsewhere, DhcpOutcome.Refused, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Confirm, true, null, "", DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Confirm, true, null, null, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Confirm, true, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Confirm, false, null, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Renew, true, Us, Mine, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Renew, true, Us, Elsewhere, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Renew, true, Them, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Renew, true, null, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Renew, false, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Rebind, true, null, Mine, DhcpOutcome.Acknowledged, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Rebind, true, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Rebind, false, null, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Release, true, Us, Mine, DhcpOutcome.Released, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Release, true, Us, Neighbour, DhcpOutcome.Refused, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Release, true, Them, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Release, true, null, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Decline, true, Us, Mine, DhcpOutcome.Declined, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Decline, true, Us, Neighbour, DhcpOutcome.Refused, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.Decline, true, Them, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Decline, false, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.InformationRequest, true, null, null, DhcpOutcome.Informed, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.InformationRequest, false, null, null, DhcpOutcome.Informed, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.InformationRequest, true, Us, null, DhcpOutcome.Informed, Dhcp6MessageType.Reply)]
    [InlineData(Dhcp6MessageType.InformationRequest, true, Them, null, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.InformationRequest, true, null, Mine, DhcpOutcome.Ignored, null)]
    // What servers and relays say is nothing to answer
    [InlineData(Dhcp6MessageType.Advertise, true, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Reply, true, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.Reconfigure, true, Us, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.RelayForward, true, null, Mine, DhcpOutcome.Ignored, null)]
    [InlineData(Dhcp6MessageType.RelayReply, true, null, Mine, DhcpOutcome.Ignored, null)]
    public void Every_message_has_one_answer(
        Dhcp6MessageType type, bool hasClient, string? server, string? addresses, DhcpOutcome outcome, Dhcp6MessageType? reply)
    {
        var request = Request(type, hasClient, server, addresses is null ? [] : [Association(1, addresses)]);
        Assert.True(Dhcp6Question.TryParse(request.ToArray(), out var question, out var reason), reason);

        Assert.Equal(outcome, Dhcp6Rule.Judge(question, new LeaseOptions6(Lease, Server)));
        Assert.Equal(reply, Dhcp6Rule.Answer(request, Lease, Server)?.Type);
    }

    [Fact]
    public void An_offer_holds_every_address_and_both_identifiers()
    {
        var reply = Dhcp6Rule.Answer(Request(Dhcp6MessageType.Solicit, true, null, [Association(0xabcd, "")]), Lease, Server)!;

        Assert.Equal(0x123456u, reply.TransactionId);
        Assert.Equal(Us, Hex(reply, Dhcp6OptionCode.ServerIdentifier), ignoreCase: true);
        Assert.Equal(Client, reply.Find(Dhcp6OptionCode.ClientIdentifier)!.Value.ToArray());
        Assert.Equal("FF", Hex(reply, Dhcp6OptionCode.Preference));
        var given = Assert.Single(reply.Associations);
        Assert.Equal((0xabcdu, 3600u, 5760u, Dhcp6Status.Success), (given.Id, given.Renewal, given.Rebinding, given.Status));
        Assert.Equal([Address(Mine, 7200), Address(Second, 7200)], given.Addresses);
    }

    [Fact]
    public void Rapid_commit_is_a_reply_at_once()
    {
        var reply = Dhcp6Rule.Answer(
            Request(Dhcp6MessageType.Solicit, true, null, [Association(1, ""), new(Dhcp6OptionCode.RapidCommit, default)]), Lease, Server)!;

        Assert.Equal(Dhcp6MessageType.Reply, reply.Type);
        Assert.NotNull(reply.Find(Dhcp6OptionCode.RapidCommit));
        Assert.Null(reply.Find(Dhcp6OptionCode.Preference));
        Assert.Equal(2, Assert.Single(reply.Associations).Addresses.Count);
    }

    [Fact]
    public void A_request_is_not_answered_with_rapid_commit() => Assert.Null(
        Dhcp6Rule.Answer(Request(Dhcp6MessageType.Request, true, Us, [Association(1, Mine), new(Dhcp6OptionCode.RapidCommit, default)]), Lease, Server)!
            .Find(Dhcp6OptionCode.RapidCommit));

    [Theory]
    [InlineData("", "", 1u)]
    [InlineData(Elsewhere, Mine, 2u)]
    [InlineData(Second, Mine, 1u)]
    public void One_association_gets_all_addresses_and_the_others_none(string first, string second, uint chosen)
    {
        var reply = Dhcp6Rule.Answer(Request(Dhcp6MessageType.Solicit, true, null, [Association(1, first), Association(2, second)]), Lease, Server)!;

        Assert.Equal(2, reply.Associations.Single(a => a.Id == chosen).Addresses.Count);
        var other = reply.Associations.Single(a => a.Id != chosen);
        Assert.Equal((Dhcp6Status.NoAddressesAvailable, 0, 0u, 0u), (other.Status, other.Addresses.Count, other.Renewal, other.Rebinding));
    }

    [Theory]
    [InlineData(Dhcp6MessageType.Solicit, null)]
    [InlineData(Dhcp6MessageType.Request, Us)]
    [InlineData(Dhcp6MessageType.Renew, Us)]
    [InlineData(Dhcp6MessageType.Rebind, null)]
    public void Prefixes_and_temporary_addresses_are_not_to_be_had(Dhcp6MessageType type, string? server)
    {
        Dhcp6Option prefixes = new(Dhcp6OptionCode.Prefixes, new byte[] { 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0 }),
            temporary = new(Dhcp6OptionCode.TemporaryAddresses, new byte[] { 0, 0, 0, 8 });

        var reply = Dhcp6Rule.Answer(Request(type, true, server, [prefixes, temporary]), Lease, Server)!;

        Assert.StartsWith("000000070000000000000000" + "000D", Hex(reply, Dhcp6OptionCode.Prefixes));
        Assert.Equal((ushort)Dhcp6Status.NoPrefixAvailable, BinaryPrimitives.ReadUInt16BigEndian(reply.Find(Dhcp6OptionCode.Prefixes)!.Value.Span[16..]));
        Assert.Equal((ushort)Dhcp6Status.NoAddressesAvailable, BinaryPrimitives.ReadUInt16BigEndian(reply.Find(Dhcp6OptionCode.TemporaryAddresses)!.Value.Span[8..]));
    }

    [Fact]
    public void A_request_for_an_address_of_another_link_is_told_so()
    {
        var given = Assert.Single(Dhcp6Rule.Answer(Request(Dhcp6MessageType.Request, true, Us, [Association(1, Elsewhere)]), Lease, Server)!.Associations);

        Assert.Equal((Dhcp6Status.NotOnLink, 0), (given.Status, given.Addresses.Count));
    }

    [Theory]
    [InlineData(Dhcp6MessageType.Renew, Us)]
    [InlineData(Dhcp6MessageType.Rebind, null)]
    public void A_renewal_ends_what_the_guest_had_elsewhere(Dhcp6MessageType type, string? server)
    {
        var given = Assert.Single(Dhcp6Rule.Answer(Request(type, true, server, [Association(1, Mine + " " + Elsewhere)]), Lease, Server)!.Associations);

        Assert.Equal([Address(Mine, 7200), Address(Second, 7200), Address(Elsewhere, 0)], given.Addresses);
    }

    [Theory]
    [InlineData(Mine, Dhcp6Status.Success)]
    [InlineData(Elsewhere, Dhcp6Status.NotOnLink)]
    public void Confirm_is_answered_by_a_status_alone(string address, Dhcp6Status status)
    {
        var reply = Dhcp6Rule.Answer(Request(Dhcp6MessageType.Confirm, true, null, [Association(1, address)]), Lease, Server)!;

        Assert.Equal(status, reply.Status);
        Assert.Equal([Dhcp6OptionCode.ServerIdentifier, Dhcp6OptionCode.ClientIdentifier, Dhcp6OptionCode.StatusCode], reply.Options.Select(o => o.Code));
    }

    [Theory]
    [InlineData(Dhcp6MessageType.Release)]
    [InlineData(Dhcp6MessageType.Decline)]
    public void What_was_never_given_cannot_be_given_back(Dhcp6MessageType type)
    {
        var reply = Dhcp6Rule.Answer(Request(type, true, Us, [Association(1, Mine), Association(2, Elsewhere)]), Lease, Server)!;

        Assert.Equal(Dhcp6Status.Success, reply.Status);
        var unbound = Assert.Single(reply.Associations);
        Assert.Equal((2u, Dhcp6Status.NoBinding, 0), (unbound.Id, unbound.Status, unbound.Addresses.Count));
    }

    [Theory]
    [InlineData(Dhcp6MessageType.Request, true)]
    [InlineData(Dhcp6MessageType.Renew, true)]
    [InlineData(Dhcp6MessageType.Release, true)]
    [InlineData(Dhcp6MessageType.Decline, true)]
    [InlineData(Dhcp6MessageType.Solicit, false)]
    [InlineData(Dhcp6MessageType.Confirm, false)]
    [InlineData(Dhcp6MessageType.Rebind, false)]
    public void One_that_writes_to_us_alone_is_told_to_ask_the_group(Dhcp6MessageType type, bool told)
    {
        var server = type is Dhcp6MessageType.Solicit or Dhcp6MessageType.Confirm or Dhcp6MessageType.Rebind ? null : Us;
        Assert.True(Dhcp6Question.TryParse(Request(type, true, server, [Association(1, Mine)]).ToArray(), out var question, out _));
        question.IsUnicast = true;
        var (lease, bytes) = (new LeaseOptions6(Lease, Server), new byte[Dhcp6Rule.MaximumReply]);

        var length = Dhcp6Rule.Write(question, Dhcp6Rule.Judge(question, lease), lease, bytes);

        Assert.Equal(told, length > 0);
        if (!told) return;
        Assert.True(Dhcp6Packet.TryParse(bytes.AsSpan(0, length), out var reply, out _));
        Assert.Equal(Dhcp6Status.UseMulticast, reply!.Status);
        Assert.Equal(3, reply.Options.Count);
    }

    [Theory]
    [InlineData(null, new[] { 23, 24 })]
    [InlineData(new[] { 24, 23 }, new[] { 24, 23 })]
    [InlineData(new[] { 23, 23, 99, 59 }, new[] { 23 })]
    [InlineData(new[] { 56, 31 }, new[] { 56, 56, 31 })]
    [InlineData(new[] { 32 }, new[] { 32 })]
    [InlineData(new int[0], new int[0])]
    public void A_client_gets_what_it_asks_for(int[]? asked, int[] given)
    {
        var options = asked is null ? [] : new[] { new Dhcp6Option(Dhcp6OptionCode.OptionRequest, asked.SelectMany(a => new[] { (byte)(a >> 8), (byte)a }).ToArray()) };
        var reply = Dhcp6Rule.Answer(Request(Dhcp6MessageType.InformationRequest, true, null, options), Lease, Server)!;

        Assert.Equal([2, 1, .. given], reply.Options.Select(o => (int)o.Code));
    }

    [Fact]
    public void Configuration_is_that_of_the_lease()
    {
        var request = Request(Dhcp6MessageType.InformationRequest, false, null, [new(Dhcp6OptionCode.OptionRequest, Convert.FromHexString("00170018001f0038"))]);
        var reply = Dhcp6Rule.Answer(request, Lease, Server)!;

        Assert.Equal("FD00000000000000000000000000000A" + "FD00000000000000000000000000000B", Hex(reply, Dhcp6OptionCode.NameServers));
        Assert.Equal("\u0007default\u0003svc\u0007cluster\u0005local\0\u0003svc\u0007cluster\u0005local\0", System.Text.Encoding.ASCII.GetString(reply.Find(Dhcp6OptionCode.DomainSearch)!.Value.Span));
        Assert.Equal("FD000000000000000000000000000123" + "FD000000000000000000000000000124", Hex(reply, Dhcp6OptionCode.SimpleTimeServers));
        Assert.Equal("00010010" + "FD000000000000000000000000000123", Hex(reply, Dhcp6OptionCode.TimeServers));
    }

    [Theory]
    [InlineData("00", "04")] // nothing wanted: N
    [InlineData("01", "06")] // the server was to update DNS: N and O
    [InlineData("04", "04")]
    public void A_client_is_told_its_name(string flags, string answered)
    {
        var reply = Dhcp6Rule.Answer(
            Request(Dhcp6MessageType.Request, true, Us, [Association(1, Mine), new(Dhcp6OptionCode.ClientName, Convert.FromHexString(flags + "0161"))]), Lease, Server)!;

        Assert.Equal(
            answered + Convert.ToHexString("\u0005guest\u0007default\u0003svc\u0007cluster\u0005local\0"u8), Hex(reply, Dhcp6OptionCode.ClientName));
    }

    [Fact]
    public void A_lease_that_lasts_long_is_cut_and_a_short_one_lengthened()
    {
        Assert.Equal(3600u, Valid(TimeSpan.Zero));
        Assert.Equal(8u, Valid(TimeSpan.FromSeconds(1)));
        Assert.Equal(365u * 86400, Valid(TimeSpan.MaxValue));

        static uint Valid(TimeSpan asked) => Dhcp6Rule.Answer(
            Request(Dhcp6MessageType.Solicit, true, null, [Association(1, "")]), Lease with { ValidFor = asked }, Server)!.Associations.Single().Addresses[0].Valid;
    }

    [Theory]
    [InlineData("0001", "message cut short")]
    [InlineData("01123456" + "0001", "cut short")]
    [InlineData("01123456" + "0001000a00", "cut short")]
    [InlineData("01123456" + "000100020003", "DUID")]
    [InlineData("01123456" + "0003000800000001" + "00000000", "identity association")]
    [InlineData("01123456" + "0003000f" + "000000010000000000000000" + "000500", "cut short")]
    [InlineData("01123456" + "00030014" + "000000010000000000000000" + "00050004fd000000", "address")]
    [InlineData("01123456" + "0006000317", "cut short")]
    [InlineData("01123456" + "00060003001700", "option request")]
    [InlineData("01123456" + "000e000100", "rapid commit")]
    [InlineData("01123456" + "00010003000301" + "00010003000301", "twice")]
    public void A_malformed_message_is_an_error(string message, string reason)
    {
        Assert.False(Dhcp6Question.TryParse(Convert.FromHexString(message), out _, out var found));
        Assert.Contains(reason, found);
    }

    private static Dhcp6Packet Request(Dhcp6MessageType type, bool hasClient, string? server, IEnumerable<Dhcp6Option> others)
    {
        List<Dhcp6Option> options = [];
        if (hasClient) options.Add(new(Dhcp6OptionCode.ClientIdentifier, Client));
        if (server is not null) options.Add(new(Dhcp6OptionCode.ServerIdentifier, Convert.FromHexString(server)));
        return new Dhcp6Packet { Type = type, TransactionId = 0x123456, Options = [.. options, .. others] };
    }

    private static Dhcp6Option Association(uint id, string addresses) =>
        new Dhcp6Association(id, 0, 0, [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(a => Address(a, 0))]).ToOption();

    private static Dhcp6Address Address(string address, uint seconds) => new(Ipv6Address.Parse(address), seconds, seconds);

    private static string Hex(Dhcp6Packet packet, Dhcp6OptionCode code) => Convert.ToHexString(packet.Find(code)!.Value.Span);
}
