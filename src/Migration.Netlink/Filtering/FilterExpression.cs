namespace Migration.Netlink;

/// <summary>
/// One instruction of a rule, as the kernel's nf_tables machine has them. Rules are usually put together from <see cref="Conditions"/>
/// and <see cref="Translation"/>, which write what nft would.
/// </summary>
public abstract record FilterExpression
{
    private FilterExpression()
    {
    }

    public static FilterExpression Accept { get; } = new Decide(FilterVerdict.Accept);

    public static FilterExpression Drop { get; } = new Decide(FilterVerdict.Drop);

    /// <summary>Its name in the kernel (NFTA_EXPR_NAME).</summary>
    public abstract string Name { get; }

    /// <summary>As a host does on whose port nobody listens.</summary>
    public static FilterExpression RefuseAsUnreachable(FilterFamily family) =>
        new Refuse(family == FilterFamily.Ipv6 ? (byte)4 /* ICMPV6_PORT_UNREACH */ : (byte)3 /* ICMP_PORT_UNREACH */);

    public static FilterExpression Jump(string chain) => new Decide(FilterVerdict.Jump, chain);

    /// <summary>Loads what a packet carries beside its bytes.</summary>
    public sealed record Meta(MetaKey Key, FilterRegister Into) : FilterExpression
    {
        public override string Name => "meta";
    }

    /// <summary>Loads what conntrack knows; does not match if that is nothing.</summary>
    public sealed record Connection(ConnectionKey Key, FilterRegister Into) : FilterExpression
    {
        public override string Name => "ct";
    }

    /// <summary>Loads bytes of the packet; does not match if it is too short.</summary>
    public sealed record Payload(PayloadBase Base, uint Offset, uint Length, FilterRegister Into) : FilterExpression
    {
        public override string Name => "payload";
    }

    /// <summary>Matches or not.</summary>
    public sealed record Compare(Comparison Comparison, FilterRegister Register, RegisterValue Value) : FilterExpression
    {
        public override string Name => "cmp";
    }

    /// <summary>Matches from one value to another, both included.</summary>
    public sealed record InRange(FilterRegister Register, RegisterValue First, RegisterValue Last) : FilterExpression
    {
        public override string Name => "range";
    }

    /// <summary>Into = (From and Mask) xor Xor.</summary>
    public sealed record Bitwise(FilterRegister From, FilterRegister Into, RegisterValue Mask, RegisterValue Xor) : FilterExpression
    {
        public override string Name => "bitwise";
    }

    /// <summary>Loads a constant.</summary>
    public sealed record Load(FilterRegister Into, RegisterValue Value) : FilterExpression
    {
        public override string Name => "immediate";
    }

    /// <summary>Ends the rule with a verdict.</summary>
    public sealed record Decide(FilterVerdict Verdict, string? Chain = null) : FilterExpression
    {
        public override string Name => "immediate";
    }

    /// <summary>Counts.</summary>
    public sealed record Counter(ulong Packets = 0, ulong Bytes = 0) : FilterExpression
    {
        public override string Name => "counter";
    }

    /// <summary>Translates one end of the connection to what registers hold: an address, ports, or both; a range if there is a second register.</summary>
    public sealed record Nat(NatKind Kind, FilterFamily Family) : FilterExpression
    {
        public override string Name => "nat";

        public FilterRegister? Address { get; init; }

        public FilterRegister? LastAddress { get; init; }

        public FilterRegister? Port { get; init; }

        public FilterRegister? LastPort { get; init; }
    }

    /// <summary>Translates the source to the address of the interface that the packet leaves by.</summary>
    public sealed record Masquerade : FilterExpression
    {
        public override string Name => "masq";
    }

    /// <summary>Loads a random number below the modulus.</summary>
    public sealed record RandomNumber(FilterRegister Into, uint Modulus) : FilterExpression
    {
        public override string Name => "numgen";
    }

    /// <summary>Loads a number below the modulus that is always the same for the same bytes (Jenkins' hash).</summary>
    public sealed record Hash(FilterRegister From, uint Length, FilterRegister Into, uint Modulus) : FilterExpression
    {
        public override string Name => "hash";
    }

    /// <summary>Drops the packet and tells its sender, by ICMP of this code (type "destination unreachable"). For input, forward and output.</summary>
    public sealed record Refuse(byte IcmpCode) : FilterExpression
    {
        public override string Name => "reject";
    }

    /// <summary>One that somebody else uses: read, never written.</summary>
    public sealed record Foreign(string Kind) : FilterExpression
    {
        public override string Name => Kind;
    }
}
