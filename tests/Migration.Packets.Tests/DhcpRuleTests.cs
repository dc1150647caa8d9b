using System.Net;
using System.Text;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Tests;

/// <summary>RFC 2131 §4.3 as a table: what the client says, in which state, and what a server with one address answers.</summary>
public sealed class DhcpRuleTests
{
    private const string Mine = "10.244.1.5", Other = "10.244.9.9", Us = "169.254.75.10", Them = "10.0.0.67", None = "0.0.0.0";

    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    private static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
        Addresses = [InterfaceAddress.Parse("10.244.1.5/24"), InterfaceAddress.Parse("fd00::5/64")],
        Gateway = IPAddress.Parse("10.244.1.1"),
        NameServers = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00::a")],
        Domain = "default.svc.cluster.local",
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        HostName = "guest",
        Mtu = 1450,
        ValidFor = TimeSpan.FromHours(2),
    };

    [Theory]
    // type, ciaddr, requested (50), server (54) → outcome, reply
    [InlineData(DhcpMessageType.Discover, None, null, null, DhcpOutcome.Offered, DhcpMessageType.Offer)]
    [InlineData(DhcpMessageType.Discover, None, Other, null, DhcpOutcome.Offered, DhcpMessageType.Offer)]
    // SELECTING
    [InlineData(DhcpMessageType.Request, None, Mine, Us, DhcpOutcome.Acknowledged, DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Request, None, Mine, Them, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Request, None, Other, Them, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Request, None, Other, Us, DhcpOutcome.Refused, DhcpMessageType.Nak)]
    [InlineData(DhcpMessageType.Request, None, null, Us, DhcpOutcome.Ignored, null)]
    // Renewing, but naming the server as it must not
    [InlineData(DhcpMessageType.Request, Mine, null, Us, DhcpOutcome.Acknowledged, DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Request, Mine, null, Them, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Request, Other, null, Us, DhcpOutcome.Refused, DhcpMessageType.Nak)]
    // INIT-REBOOT
    [InlineData(DhcpMessageType.Request, None, Mine, null, DhcpOutcome.Acknowledged, DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Request, None, Other, null, DhcpOutcome.Refused, DhcpMessageType.Nak)]
    // RENEWING and REBINDING
    [InlineData(DhcpMessageType.Request, Mine, null, null, DhcpOutcome.Acknowledged, DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Request, Other, null, null, DhcpOutcome.Refused, DhcpMessageType.Nak)]
    [InlineData(DhcpMessageType.Request, None, null, null, DhcpOutcome.Ignored, null)]
    // Configured by other means
    [InlineData(DhcpMessageType.Inform, Mine, null, null, DhcpOutcome.Informed, DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Inform, Other, null, null, DhcpOutcome.Informed, DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Inform, None, null, null, DhcpOutcome.Informed, DhcpMessageType.Ack)]
    // No answer, but an event
    [InlineData(DhcpMessageType.Release, Mine, null, Us, DhcpOutcome.Released, null)]
    [InlineData(DhcpMessageType.Release, Mine, null, Them, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Release, Other, null, Us, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Decline, None, Mine, Us, DhcpOutcome.Declined, null)]
    [InlineData(DhcpMessageType.Decline, None, Mine, Them, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Decline, None, Other, Us, DhcpOutcome.Ignored, null)]
    // What servers say is nothing to answer
    [InlineData(DhcpMessageType.Offer, None, null, null, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Ack, None, null, null, DhcpOutcome.Ignored, null)]
    [InlineData(DhcpMessageType.Nak, None, null, null, DhcpOutcome.Ignored, null)]
    public void Every_message_in_every_state_has_one_answer(
        DhcpMessageType type, string ciaddr, string? requested, string? server, DhcpOutcome outcome, DhcpMessageType? reply)
    {
        var request = Request(type, ciaddr, requested, server);
        Assert.True(DhcpQuestion.TryParse(request.ToArray(), out var question, out _));

        Assert.Equal(outcome, DhcpRule.Judge(question, new LeaseOptions(Lease), Server));
        Assert.Equal(reply, DhcpRule.Answer(request, Lease, Server)?.Packet.Options.MessageType);
    }

    [Fact]
    public void A_message_without_type_is_bootp_and_gets_no_answer() =>
        Assert.Null(DhcpRule.Answer(new DhcpPacket { ClientMac = Lease.Mac }, Lease, Server));

    [Fact]
    public void Another_mac_gets_no_answer() =>
        Assert.Null(DhcpRule.Answer(
            new DhcpPacket { ClientMac = MacAddress.Parse("02:00:00:00:00:99"), Options = DhcpOptions.Of(Type(DhcpMessageType.Discover)) }, Lease, Server));

    [Fact]
    public void A_reply_gets_no_answer() =>
        Assert.Null(DhcpRule.Answer(
            new DhcpPacket { IsReply = true, ClientMac = Lease.Mac, Options = DhcpOptions.Of(Type(DhcpMessageType.Discover)) }, Lease, Server));

    [Theory]
    // type, ciaddr, requested, broadcast flag, relay → delivery, destination
    [InlineData(DhcpMessageType.Discover, None, null, false, None, DhcpDelivery.ToOfferedAddress, Mine)]
    [InlineData(DhcpMessageType.Discover, None, null, true, None, DhcpDelivery.Broadcast, "255.255.255.255")]
    [InlineData(DhcpMessageType.Request, None, Mine, false, None, DhcpDelivery.ToOfferedAddress, Mine)]
    [InlineData(DhcpMessageType.Request, None, Mine, true, None, DhcpDelivery.Broadcast, "255.255.255.255")]
    [InlineData(DhcpMessageType.Request, Mine, null, false, None, DhcpDelivery.ToClientAddress, Mine)]
    [InlineData(DhcpMessageType.Request, Mine, null, true, None, DhcpDelivery.ToClientAddress, Mine)]
    [InlineData(DhcpMessageType.Request, None, Other, false, None, DhcpDelivery.Broadcast, "255.255.255.255")]
    [InlineData(DhcpMessageType.Request, Other, null, false, None, DhcpDelivery.Broadcast, "255.255.255.255")]
    [InlineData(DhcpMessageType.Inform, Other, null, false, None, DhcpDelivery.ToClientAddress, Other)]
    [InlineData(DhcpMessageType.Inform, None, null, false, None, DhcpDelivery.Broadcast, "255.255.255.255")]
    [InlineData(DhcpMessageType.Discover, None, null, true, "10.9.9.1", DhcpDelivery.ToRelay, "10.9.9.1")]
    [InlineData(DhcpMessageType.Request, Other, null, false, "10.9.9.1", DhcpDelivery.ToRelay, "10.9.9.1")]
    public void A_reply_goes_where_the_client_can_take_it(
        DhcpMessageType type, string ciaddr, string? requested, bool broadcast, string relay, DhcpDelivery delivery, string destination)
    {
        var reply = DhcpRule.Answer(Request(type, ciaddr, requested, null, broadcast, relay), Lease, Server)!;

        Assert.Equal(delivery, reply.Delivery);
        Assert.Equal(Ipv4Address.Parse(destination), reply.Destination);
    }

    [Fact]
    public void An_offer_holds_everything()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null, broadcast: true), Lease, Server)!.Packet;

        Assert.True(reply.IsReply);
        Assert.Equal((0x12345678u, true, Lease.Mac), (reply.TransactionId, reply.WantsBroadcast, reply.ClientMac));
        Assert.Equal((Ipv4Address.Any, Ipv4Address.Parse(Mine), Ipv4Address.Any), (reply.ClientAddress, reply.YourAddress, reply.NextServer));
        var options = reply.Options;
        Assert.Equal([IPAddress.Parse(Us)], options.Addresses(DhcpOptionCode.ServerIdentifier));
        Assert.Equal([IPAddress.Parse("255.255.255.0")], options.Addresses(DhcpOptionCode.SubnetMask));
        Assert.Equal([IPAddress.Parse("10.244.1.1")], options.Addresses(DhcpOptionCode.Router));
        Assert.Equal([IPAddress.Parse("10.96.0.10")], options.Addresses(DhcpOptionCode.NameServers));
        Assert.Equal("guest", options.Text(DhcpOptionCode.HostName));
        Assert.Equal("default.svc.cluster.local", options.Text(DhcpOptionCode.DomainName));
        Assert.Equal(Lease.SearchDomains, options.SearchDomains());
        Assert.Equal(1450, options.Number(DhcpOptionCode.InterfaceMtu));
        Assert.Equal(TimeSpan.FromHours(2), options.Duration(DhcpOptionCode.LeaseTime));
        Assert.Equal(TimeSpan.FromHours(1), options.Duration(DhcpOptionCode.RenewalTime));
        Assert.Equal(TimeSpan.FromMinutes(105), options.Duration(DhcpOptionCode.RebindingTime));
    }

    [Fact]
    public void An_acknowledgement_repeats_the_address_in_use()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Request, Mine, null, null), Lease, Server)!.Packet;

        Assert.Equal((Ipv4Address.Parse(Mine), Ipv4Address.Parse(Mine)), (reply.ClientAddress, reply.YourAddress));
    }

    [Fact]
    public void A_refusal_holds_nothing_but_who_and_why()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Request, None, Other, null, parameters: [1, 3]), Lease, Server)!.Packet;

        Assert.Equal((Ipv4Address.Any, Ipv4Address.Any), (reply.ClientAddress, reply.YourAddress));
        Assert.Equal([53, 54, 56], reply.Options.Select(o => (int)o.Code));
    }

    [Fact]
    public void A_refusal_through_a_relay_asks_it_to_broadcast()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Request, None, Other, null, relay: "10.9.9.1"), Lease, Server)!.Packet;

        Assert.True(reply.WantsBroadcast);
        Assert.Equal(Ipv4Address.Parse("10.9.9.1"), reply.RelayAddress);
    }

    [Fact]
    public void Inform_is_answered_without_address_and_times()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Inform, Other, null, null, parameters: [51, 58, 59, 1, 6]), Lease, Server)!.Packet;

        Assert.Equal((Ipv4Address.Parse(Other), Ipv4Address.Any), (reply.ClientAddress, reply.YourAddress));
        Assert.Equal([53, 54, 1, 6, 26], reply.Options.Select(o => (int)o.Code));
    }

    [Theory]
    [InlineData(new[] { 6, 15, 12, 1, 3 }, new[] { 6, 15, 12, 1, 3, 26 })]
    [InlineData(new[] { 3, 1, 6 }, new[] { 1, 3, 6, 26 })] // the mask is sent before the routers
    [InlineData(new[] { 3, 3, 26, 3, 1 }, new[] { 1, 3, 26 })] // once each
    [InlineData(new[] { 99, 2, 44, 6 }, new[] { 6, 1, 26 })] // what there is none of is left out
    [InlineData(new[] { 51, 54, 53, 6, 255, 0, 52 }, new[] { 6, 1, 26 })]
    [InlineData(new[] { 121, 249, 28 }, new[] { 121, 249, 28, 1, 26 })]
    public void The_requested_order_is_kept(int[] asked, int[] given)
    {
        var reply = DhcpRule.Answer(
            Request(DhcpMessageType.Discover, None, null, null, parameters: [.. asked.Select(c => (byte)c)]), Lease, Server)!.Packet;

        Assert.Equal([53, 54, 51, 58, 59, .. given], reply.Options.Select(o => (int)o.Code));
    }

    [Fact]
    public void Rapid_commit_is_an_acknowledgement_at_once()
    {
        var request = Request(DhcpMessageType.Discover, None, null, null, extra: [new DhcpOption(DhcpOptionCode.RapidCommit, default)]);

        var reply = DhcpRule.Answer(request, Lease, Server)!;

        Assert.Equal(DhcpOutcome.Acknowledged, reply.Outcome);
        Assert.Equal(DhcpMessageType.Ack, reply.Packet.Options.MessageType);
        Assert.True(reply.Packet.Options.Contains(DhcpOptionCode.RapidCommit));
        Assert.Equal(Ipv4Address.Parse(Mine), reply.Packet.YourAddress);
    }

    [Fact]
    public void A_request_is_not_answered_with_rapid_commit()
    {
        var request = Request(DhcpMessageType.Request, None, Mine, null, extra: [new DhcpOption(DhcpOptionCode.RapidCommit, default)]);

        Assert.False(DhcpRule.Answer(request, Lease, Server)!.Packet.Options.Contains(DhcpOptionCode.RapidCommit));
    }

    [Theory]
    [InlineData(DhcpMessageType.Discover, null)]
    [InlineData(DhcpMessageType.Request, Mine)]
    [InlineData(DhcpMessageType.Request, Other)]
    public void Client_identifier_and_relay_information_are_echoed(DhcpMessageType type, string? requested)
    {
        DhcpOption identifier = new(DhcpOptionCode.ClientIdentifier, Convert.FromHexString("ffaa3abfb800020000ab11")),
            relay = new(DhcpOptionCode.RelayAgentInformation, Convert.FromHexString("0104deadbeef"));

        var reply = DhcpRule.Answer(Request(type, None, requested, null, extra: [identifier, relay]), Lease, Server)!.Packet;

        Assert.Contains(identifier, reply.Options);
        Assert.Contains(relay, reply.Options);
    }

    [Fact]
    public void Classless_routes_include_the_default_route()
    {
        var lease = Lease with { Routes = [new(IPNetwork.Parse("172.16.0.0/12"), IPAddress.Parse("10.244.1.2"))] };

        Assert.Equal(["172.16.0.0/12 10.244.1.2", "0.0.0.0/0 10.244.1.1"], Routes(lease));
    }

    [Fact]
    public void A_gateway_outside_the_subnet_gets_a_route_on_the_link_first()
    {
        var lease = Lease with { Addresses = [InterfaceAddress.Parse("10.244.1.5/32")], Gateway = IPAddress.Parse("169.254.1.1") };

        Assert.Equal(["169.254.1.1/32 link", "0.0.0.0/0 169.254.1.1"], Routes(lease));
    }

    [Fact]
    public void A_gateway_that_a_route_on_the_link_reaches_gets_no_second_one()
    {
        var lease = Lease with
        {
            Addresses = [InterfaceAddress.Parse("10.244.1.5/32")],
            Gateway = IPAddress.Parse("169.254.1.1"),
            Routes =
            [
                new(IPNetwork.Parse("0.0.0.0/0"), IPAddress.Parse("169.254.1.1")), new(IPNetwork.Parse("169.254.1.0/24"), null),
                new(IPNetwork.Parse("fd00::/8"), IPAddress.Parse("fe80::1")),
            ],
        };

        Assert.Equal(["169.254.1.0/24 link", "0.0.0.0/0 169.254.1.1"], Routes(lease));
    }

    [Fact]
    public void The_default_route_may_come_as_a_route()
    {
        var lease = Lease with { Gateway = null, Routes = [new(IPNetwork.Parse("0.0.0.0/0"), IPAddress.Parse("10.244.1.254"))] };

        Assert.Equal(["0.0.0.0/0 10.244.1.254"], Routes(lease));
        Assert.Equal([IPAddress.Parse("10.244.1.254")], Configuration(lease, 3).Addresses(DhcpOptionCode.Router));
    }

    [Fact]
    public void A_lease_without_gateway_has_neither_router_nor_routes()
    {
        var options = Configuration(Lease with { Gateway = null }, 1, 3, 121, 249);

        Assert.Equal([53, 54, 51, 58, 59, 1, 26], options.Select(o => (int)o.Code));
    }

    [Fact]
    public void A_long_search_list_is_compressed_and_split()
    {
        var domains = Enumerable.Range(0, 24).Select(i => $"very-long-namespace-name-number-{i}.svc.cluster.local").ToList();
        var options = Configuration(Lease with { SearchDomains = domains }, 119);

        Assert.Equal(domains, options.SearchDomains());
        var length = options.Find(DhcpOptionCode.DomainSearch)!.Value.Length;
        Assert.InRange(length, 256, domains.Sum(d => d.Length + 2) - 23 * "svc.cluster.local".Length);
    }

    [Fact]
    public void What_does_not_fit_goes_into_the_file_and_server_name_fields()
    {
        // 576 bytes of datagram are what a client that says nothing must take: 308 bytes of options.
        var lease = Lease with
        {
            ExtraOptions = [new(DhcpOptionCode.BootFileName, Bytes('f', 90)), new(DhcpOptionCode.BootServerName, Bytes('s', 60)), new((DhcpOptionCode)224, Bytes('p', 120))],
        };
        var request = Request(DhcpMessageType.Discover, None, null, null);
        var reply = new byte[DhcpRule.MaximumReply];
        Assert.True(DhcpQuestion.TryParse(request.ToArray(), out var question, out _));
        var length = DhcpRule.Write(question, DhcpOutcome.Offered, new LeaseOptions(lease), Server, reply);

        Assert.InRange(length, 300, 576 - 28);
        Assert.True(DhcpPacket.TryParse(reply.AsSpan(0, length), out var packet, out var reason), reason);
        Assert.Equal(120, packet!.Options.Find((DhcpOptionCode)224)!.Value.Length);
        Assert.Equal(90, packet.Options.Find(DhcpOptionCode.BootFileName)!.Value.Length);
        Assert.Equal(60, packet.Options.Find(DhcpOptionCode.BootServerName)!.Value.Length);
        Assert.True(packet.Options.Contains(DhcpOptionCode.SubnetMask));
    }

    [Fact]
    public void A_client_that_takes_more_gets_all_in_one_field()
    {
        var lease = Lease with { ExtraOptions = [new((DhcpOptionCode)224, Bytes('p', 250)), new((DhcpOptionCode)225, Bytes('q', 250))] };
        var reply = DhcpRule.Answer(
            Request(DhcpMessageType.Discover, None, null, null, extra: [new(DhcpOptionCode.MaximumMessageSize, new byte[] { 0x05, 0xdc })]), lease, Server)!.Packet;

        Assert.Equal(250, reply.Options.Find((DhcpOptionCode)225)!.Value.Length);
        Assert.Equal(0, reply.ToArray()[108]);
    }

    [Fact]
    public void Options_given_by_the_owner_are_sent_when_asked_for_and_private_ones_always()
    {
        var lease = Lease with
        {
            ExtraOptions = [new(DhcpOptionCode.TimeServers, new byte[] { 10, 0, 0, 1, 10, 0, 0, 2 }), new((DhcpOptionCode)240, "x"u8.ToArray())],
        };

        Assert.Equal([53, 54, 51, 58, 59, 42, 1, 26, 240], Configuration(lease, 42).Select(o => (int)o.Code));
        Assert.False(Configuration(lease, 6).Contains(DhcpOptionCode.TimeServers));
        Assert.True(Configuration(lease).Contains(DhcpOptionCode.TimeServers));
    }

    [Fact]
    public void Boot_servers_and_files_are_options_and_fields()
    {
        var lease = Lease with { BootFileName = "pxelinux.0", TftpServerName = "10.0.0.7", NtpServers = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1"), IPAddress.Parse("10.0.0.2")] };
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null, parameters: [66, 67, 42]), lease, Server)!.Packet;

        Assert.Equal(("10.0.0.7", "pxelinux.0"), (reply.Options.Text(DhcpOptionCode.BootServerName), reply.Options.Text(DhcpOptionCode.BootFileName)));
        Assert.Equal(("10.0.0.7", "pxelinux.0"), (Encoding.ASCII.GetString(reply.ServerName.Span), Encoding.ASCII.GetString(reply.BootFile.Span)));
        Assert.Equal(Ipv4Address.Parse("10.0.0.7"), reply.NextServer);
        Assert.Equal([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2")], reply.Options.Addresses(DhcpOptionCode.TimeServers));
    }

    [Fact]
    public void A_boot_servers_name_is_no_address()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null), Lease with { TftpServerName = "tftp.example" }, Server)!.Packet;

        Assert.Equal((Ipv4Address.Any, "tftp.example"), (reply.NextServer, reply.Options.Text(DhcpOptionCode.BootServerName)));
    }

    [Fact]
    public void A_refusal_names_no_boot_server()
    {
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Request, None, Other, null), Lease with { TftpServerName = "10.0.0.7", BootFileName = "f" }, Server)!.Packet;

        Assert.Equal((Ipv4Address.Any, 0, 0), (reply.NextServer, reply.ServerName.Length, reply.BootFile.Length));
    }

    [Theory]
    // The client's flags → ours, and the name as text or as DNS has it.
    [InlineData("00", "08", "guest.default.svc.cluster.local")]
    [InlineData("01", "0A", "guest.default.svc.cluster.local")]
    [InlineData("05", "0E", "\u0005guest\u0007default\u0003svc\u0007cluster\u0005local\0")]
    [InlineData("0C", "0C", "\u0005guest\u0007default\u0003svc\u0007cluster\u0005local\0")]
    public void A_client_that_says_its_name_is_told_its_name(string flags, string answered, string name)
    {
        var asked = new DhcpOption(DhcpOptionCode.ClientName, Convert.FromHexString(flags + "0000" + "61"));
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null, extra: [asked]), Lease, Server)!.Packet;

        Assert.Equal(answered + "FFFF" + Convert.ToHexString(Encoding.ASCII.GetBytes(name)), Convert.ToHexString(reply.Options.Find(DhcpOptionCode.ClientName)!.Value.Span));
    }

    [Theory]
    [InlineData("", "056775657374")] // nobody knows its domain: a name without end
    [InlineData("x.example", "0567756573740178076578616D706C6500")]
    public void A_name_ends_where_it_is_complete(string domain, string name)
    {
        var asked = new DhcpOption(DhcpOptionCode.ClientName, Convert.FromHexString("040000"));
        var lease = Lease with { Domain = domain, SearchDomains = [] };

        Assert.Equal("0CFFFF" + name, Convert.ToHexString(DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null, extra: [asked]), lease, Server)!.Packet.Options.Find(DhcpOptionCode.ClientName)!.Value.Span));
    }

    [Fact]
    public void A_name_that_is_too_long_with_its_domain_stands_alone()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 60), 4));
        var options = Configuration(Lease with { Domain = domain, HostName = new string('h', 60), Mtu = 0 }, 12, 15);

        Assert.Equal((new string('h', 60), domain), (options.Text(DhcpOptionCode.HostName), options.Text(DhcpOptionCode.DomainName)));
    }

    [Fact]
    public void A_guest_without_name_keeps_its_own()
    {
        var asked = new DhcpOption(DhcpOptionCode.ClientName, Convert.FromHexString("040000" + "0161"));
        var reply = DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null, extra: [asked]), Lease with { HostName = "" }, Server)!.Packet;

        Assert.Equal("0CFFFF0161", Convert.ToHexString(reply.Options.Find(DhcpOptionCode.ClientName)!.Value.Span));
    }

    [Fact]
    public void A_client_that_does_not_say_its_name_is_not_told() =>
        Assert.False(Configuration(Lease, 81, 12).Contains(DhcpOptionCode.ClientName));

    [Fact]
    public void What_a_relay_added_is_the_last_option()
    {
        var relay = new DhcpOption(DhcpOptionCode.RelayAgentInformation, Convert.FromHexString("0104deadbeef"));
        foreach (var lease in new[] { Lease, Lease with { ExtraOptions = [new((DhcpOptionCode)224, Bytes('p', 250))] } })
        {
            var reply = new byte[DhcpRule.MaximumReply];
            Assert.True(DhcpQuestion.TryParse(Request(DhcpMessageType.Discover, None, null, null, relay: "10.9.9.1", extra: [relay]).ToArray(), out var question, out _));
            var length = DhcpRule.Write(question, DhcpOutcome.Offered, new LeaseOptions(lease), Server, reply);

            Assert.EndsWith("52060104DEADBEEFFF", Convert.ToHexString(reply.AsSpan(0, length).TrimEnd((byte)0)));
            Assert.True(DhcpPacket.TryParse(reply.AsSpan(0, length), out var packet, out var reason), reason);
            Assert.Contains(relay, packet!.Options);
        }
    }

    [Theory]
    [InlineData(576)]
    [InlineData(700)]
    [InlineData(1000)]
    public void A_search_list_without_room_loses_its_last_names(int size)
    {
        var domains = Enumerable.Range(0, 60).Select(i => $"very-long-namespace-name-number-{i}.svc.cluster.local").ToList();
        var lease = Lease with { SearchDomains = domains, ExtraOptions = [new((DhcpOptionCode)224, Bytes('p', 100))] };
        var request = Request(
            DhcpMessageType.Discover, None, null, null, parameters: [119, 1, 3, 6, 15, 12, 121],
            extra: [new(DhcpOptionCode.MaximumMessageSize, new[] { (byte)(size >> 8), (byte)size })]);
        var reply = new byte[DhcpRule.MaximumReply];
        Assert.True(DhcpQuestion.TryParse(request.ToArray(), out var question, out _));
        var length = DhcpRule.Write(question, DhcpOutcome.Offered, new LeaseOptions(lease), Server, reply);

        Assert.InRange(length, 300, size - 28);
        Assert.True(DhcpPacket.TryParse(reply.AsSpan(0, length), out var packet, out var reason), reason);
        var given = packet!.Options.SearchDomains();
        Assert.InRange(given.Count, 1, 59);
        Assert.Equal(domains.Take(given.Count), given);
        // Nothing else had to go for it.
        Assert.All(new[] { 1, 3, 6, 15, 12, 121, 26, 224 }, code => Assert.True(packet.Options.Contains((DhcpOptionCode)code), $"option {code} is missing"));
    }

    [Fact]
    public void Names_that_are_none_are_left_out_of_a_search_list() =>
        Assert.Equal(["a.example", "b.example"], Configuration(Lease with { SearchDomains = [".", "a.example", "x..y", "b.example."] }, 119).SearchDomains());

    [Theory]
    [InlineData("given.example", "given.example")]
    [InlineData("", "default.svc.cluster.local")] // the longest that is searched
    public void The_domain_is_the_one_given_or_the_longest_searched(string domain, string told) =>
        Assert.Equal(told, Configuration(Lease with { Domain = domain, SearchDomains = ["cluster.local", "default.svc.cluster.local", "svc.cluster.local"] }, 15).Text(DhcpOptionCode.DomainName));

    [Fact]
    public void The_first_of_several_addresses_is_leased()
    {
        var lease = Lease with { Addresses = [InterfaceAddress.Parse("fd00::5/64"), InterfaceAddress.Parse("10.244.1.5/24"), InterfaceAddress.Parse("10.9.9.9/16")] };

        var reply = DhcpRule.Answer(Request(DhcpMessageType.Discover, None, null, null), lease, Server)!.Packet;

        Assert.Equal((Ipv4Address.Parse("10.244.1.5"), IPAddress.Parse("255.255.255.0")), (reply.YourAddress, reply.Options.Addresses(DhcpOptionCode.SubnetMask)[0]));
    }

    [Fact]
    public void Leases_are_finite_and_not_shorter_than_clients_stand()
    {
        Assert.Equal(DhcpLease.DefaultValidity, Valid(TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromSeconds(8), Valid(TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromDays(365), Valid(TimeSpan.MaxValue));

        static TimeSpan? Valid(TimeSpan asked) => Configuration(Lease with { ValidFor = asked }).Duration(DhcpOptionCode.LeaseTime);
    }

    [Fact]
    public void A_lease_that_dhcp_cannot_say_is_refused()
    {
        Assert.Contains("no address", Refusal(Lease with { Addresses = [] }));
        Assert.Contains("'a..b'", Refusal(Lease with { Domain = "a..b" }));
        Assert.Contains("domain name", Refusal(Lease with { Domain = new string('x', 64) + ".local" }));
        Assert.Contains("boot file name is 300 bytes", Refusal(Lease with { BootFileName = new string('f', 300) }));
        Assert.Contains("70000", Refusal(Lease with { Mtu = 70000 }));
        Assert.Contains("option 3", Refusal(Lease with { ExtraOptions = [new(DhcpOptionCode.TimeServers, new byte[3])] }));

        static string Refusal(DhcpLease lease) => Assert.Throws<ArgumentException>(() => new GuestResponder(lease, Server)).Message;
    }

    [Theory]
    [InlineData(0, "169.254.75.10")]
    [InlineData(1, "169.254.75.11")]
    [InlineData(10, "169.254.75.110")]
    [InlineData(99, "169.254.75.199")]
    public void The_server_has_KubeVirts_address_for_an_interface(int index, string address) =>
        Assert.Equal(address, DhcpServerIdentity.ForInterface(index).Address.ToString());

    [Theory]
    [InlineData(-1)]
    [InlineData(100)]
    public void No_machine_has_such_an_interface(int index) => Assert.Throws<ArgumentOutOfRangeException>(() => DhcpServerIdentity.ForInterface(index));

    private static DhcpOptions Configuration(DhcpLease lease, params byte[] parameters) =>
        DhcpRule.Answer(
            Request(DhcpMessageType.Request, None, Mine, null, parameters: parameters, extra: [new(DhcpOptionCode.MaximumMessageSize, new byte[] { 0x05, 0xdc })]),
            lease, Server)!.Packet.Options;

    private static IEnumerable<string> Routes(DhcpLease lease) =>
        Configuration(lease, 121).Routes().Select(r => $"{r.Destination} {r.Gateway?.ToString() ?? "link"}");

    private static DhcpPacket Request(
        DhcpMessageType type, string ciaddr, string? requested, string? server, bool broadcast = false, string relay = None,
        byte[]? parameters = null, DhcpOption[]? extra = null)
    {
        List<DhcpOption> options = [Type(type)];
        if (requested is not null) options.Add(new(DhcpOptionCode.RequestedAddress, IPAddress.Parse(requested).GetAddressBytes()));
        if (server is not null) options.Add(new(DhcpOptionCode.ServerIdentifier, IPAddress.Parse(server).GetAddressBytes()));
        if (parameters is { Length: > 0 }) options.Add(new(DhcpOptionCode.ParameterRequestList, parameters));
        return new DhcpPacket
        {
            TransactionId = 0x12345678,
            WantsBroadcast = broadcast,
            ClientMac = Lease.Mac,
            ClientAddress = Ipv4Address.Parse(ciaddr),
            RelayAddress = Ipv4Address.Parse(relay),
            Options = DhcpOptions.Of([.. options, .. extra ?? []]),
        };
    }

    private static DhcpOption Type(DhcpMessageType type) => new(DhcpOptionCode.MessageType, new[] { (byte)type });

    private static byte[] Bytes(char letter, int count) => Encoding.ASCII.GetBytes(new string(letter, count));
}
