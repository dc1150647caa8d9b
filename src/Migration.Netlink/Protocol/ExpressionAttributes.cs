namespace Migration.Netlink.Protocol;

/// <summary>
/// The expressions of an nf_tables rule: each a name and attributes of its own (NFTA_EXPR_*, then NFTA_META_* and so on).
/// What the kernel shows of an expression is what it was given, with defaults filled in; reading takes these away again, so that
/// an expression that is read equals the one that was written.
/// </summary>
internal static class ExpressionAttributes
{
    private const ushort NFTA_LIST_ELEM = 1, NFTA_EXPR_NAME = 1, NFTA_EXPR_DATA = 2;
    private const ushort NFTA_DATA_VALUE = 1, NFTA_DATA_VERDICT = 2, NFTA_VERDICT_CODE = 1, NFTA_VERDICT_CHAIN = 2;
    private const ushort NFTA_META_DREG = 1, NFTA_META_KEY = 2;
    private const ushort NFTA_CT_DREG = 1, NFTA_CT_KEY = 2;
    private const ushort NFTA_PAYLOAD_DREG = 1, NFTA_PAYLOAD_BASE = 2, NFTA_PAYLOAD_OFFSET = 3, NFTA_PAYLOAD_LEN = 4;
    private const ushort NFTA_CMP_SREG = 1, NFTA_CMP_OP = 2, NFTA_CMP_DATA = 3;
    private const ushort NFTA_RANGE_SREG = 1, NFTA_RANGE_OP = 2, NFTA_RANGE_FROM_DATA = 3, NFTA_RANGE_TO_DATA = 4;
    private const ushort NFTA_BITWISE_SREG = 1, NFTA_BITWISE_DREG = 2, NFTA_BITWISE_LEN = 3, NFTA_BITWISE_MASK = 4, NFTA_BITWISE_XOR = 5, NFTA_BITWISE_OP = 6;
    private const ushort NFTA_IMMEDIATE_DREG = 1, NFTA_IMMEDIATE_DATA = 2;
    private const ushort NFTA_COUNTER_BYTES = 1, NFTA_COUNTER_PACKETS = 2;
    private const ushort NFTA_NAT_TYPE = 1, NFTA_NAT_FAMILY = 2, NFTA_NAT_REG_ADDR_MIN = 3, NFTA_NAT_REG_ADDR_MAX = 4, NFTA_NAT_REG_PROTO_MIN = 5, NFTA_NAT_REG_PROTO_MAX = 6, NFTA_NAT_FLAGS = 7;
    private const ushort NFTA_NG_DREG = 1, NFTA_NG_MODULUS = 2, NFTA_NG_TYPE = 3, NFTA_NG_OFFSET = 4;
    private const ushort NFTA_HASH_SREG = 1, NFTA_HASH_DREG = 2, NFTA_HASH_LEN = 3, NFTA_HASH_MODULUS = 4, NFTA_HASH_SEED = 5, NFTA_HASH_OFFSET = 6, NFTA_HASH_TYPE = 7;
    private const ushort NFTA_REJECT_TYPE = 1, NFTA_REJECT_ICMP_CODE = 2;
    private const uint NFT_NG_RANDOM = 1, NFT_HASH_JENKINS = 0, NFT_REJECT_ICMP_UNREACH = 0;
    private const uint NFT_RANGE_EQ = 0, NFT_BITWISE_MASK_XOR = 0, NF_NAT_RANGE_PROTO_SPECIFIED = 2, VerdictRegister = 0;

    public static void Write(MessageWriter message, FilterExpression expression)
    {
        using var element = message.Nested(NFTA_LIST_ELEM);
        message.String(NFTA_EXPR_NAME, expression.Name);
        using var data = message.Nested(NFTA_EXPR_DATA);
        switch (expression)
        {
            case FilterExpression.Meta meta:
                message.UInt32BigEndian(NFTA_META_KEY, (uint)meta.Key);
                message.UInt32BigEndian(NFTA_META_DREG, (uint)meta.Into);
                break;
            case FilterExpression.Connection connection:
                message.UInt32BigEndian(NFTA_CT_KEY, (uint)connection.Key);
                message.UInt32BigEndian(NFTA_CT_DREG, (uint)connection.Into);
                break;
            case FilterExpression.Payload payload:
                message.UInt32BigEndian(NFTA_PAYLOAD_DREG, (uint)payload.Into);
                message.UInt32BigEndian(NFTA_PAYLOAD_BASE, (uint)payload.Base);
                message.UInt32BigEndian(NFTA_PAYLOAD_OFFSET, payload.Offset);
                message.UInt32BigEndian(NFTA_PAYLOAD_LEN, payload.Length);
                break;
            case FilterExpression.Compare compare:
                message.UInt32BigEndian(NFTA_CMP_SREG, (uint)compare.Register);
                message.UInt32BigEndian(NFTA_CMP_OP, (uint)compare.Comparison);
                WriteValue(message, NFTA_CMP_DATA, compare.Value);
                break;
            case FilterExpression.InRange range:
                message.UInt32BigEndian(NFTA_RANGE_SREG, (uint)range.Register);
                message.UInt32BigEndian(NFTA_RANGE_OP, NFT_RANGE_EQ);
                WriteValue(message, NFTA_RANGE_FROM_DATA, range.First);
                WriteValue(message, NFTA_RANGE_TO_DATA, range.Last);
                break;
            case FilterExpression.Bitwise bitwise:
                message.UInt32BigEndian(NFTA_BITWISE_SREG, (uint)bitwise.From);
                message.UInt32BigEndian(NFTA_BITWISE_DREG, (uint)bitwise.Into);
                message.UInt32BigEndian(NFTA_BITWISE_OP, NFT_BITWISE_MASK_XOR);
                message.UInt32BigEndian(NFTA_BITWISE_LEN, (uint)bitwise.Mask.Bytes.Length);
                WriteValue(message, NFTA_BITWISE_MASK, bitwise.Mask);
                WriteValue(message, NFTA_BITWISE_XOR, bitwise.Xor);
                break;
            case FilterExpression.Load load:
                message.UInt32BigEndian(NFTA_IMMEDIATE_DREG, (uint)load.Into);
                WriteValue(message, NFTA_IMMEDIATE_DATA, load.Value);
                break;
            case FilterExpression.Decide decide:
                message.UInt32BigEndian(NFTA_IMMEDIATE_DREG, VerdictRegister);
                WriteVerdict(message, decide);
                break;
            case FilterExpression.Counter { Packets: 0, Bytes: 0 }:
                break;
            case FilterExpression.Counter counter:
                message.UInt64BigEndian(NFTA_COUNTER_BYTES, counter.Bytes);
                message.UInt64BigEndian(NFTA_COUNTER_PACKETS, counter.Packets);
                break;
            case FilterExpression.Nat nat:
                WriteNat(message, nat);
                break;
            case FilterExpression.Masquerade:
                break;
            case FilterExpression.RandomNumber random:
                message.UInt32BigEndian(NFTA_NG_DREG, (uint)random.Into);
                message.UInt32BigEndian(NFTA_NG_MODULUS, random.Modulus);
                message.UInt32BigEndian(NFTA_NG_TYPE, NFT_NG_RANDOM);
                message.UInt32BigEndian(NFTA_NG_OFFSET, 0);
                break;
            case FilterExpression.Hash hash:
                message.UInt32BigEndian(NFTA_HASH_SREG, (uint)hash.From);
                message.UInt32BigEndian(NFTA_HASH_DREG, (uint)hash.Into);
                message.UInt32BigEndian(NFTA_HASH_LEN, hash.Length);
                message.UInt32BigEndian(NFTA_HASH_MODULUS, hash.Modulus);
                // Without a seed the kernel chooses one, and every rule would deal otherwise.
                message.UInt32BigEndian(NFTA_HASH_SEED, 0);
                message.UInt32BigEndian(NFTA_HASH_TYPE, NFT_HASH_JENKINS);
                break;
            case FilterExpression.Refuse refuse:
                message.UInt32BigEndian(NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
                message.Byte(NFTA_REJECT_ICMP_CODE, refuse.IcmpCode);
                break;
            default:
                throw new ArgumentException($"cannot write an expression {expression.Name}");
        }
    }

    public static List<FilterExpression> ReadList(AttributeReader list)
    {
        List<FilterExpression> expressions = [];
        while (list.Next())
            expressions.Add(ReadOne(list.Nested()));
        return expressions;
    }

    private static FilterExpression ReadOne(AttributeReader reader)
    {
        var name = "";
        var data = default(AttributeReader);
        while (reader.Next())
        {
            if (reader.Type == NFTA_EXPR_NAME)
                name = reader.String();
            else if (reader.Type == NFTA_EXPR_DATA)
                data = reader.Nested();
        }

        return name switch
        {
            "meta" => ReadMeta(data),
            "ct" => ReadConnection(data),
            "payload" => ReadPayload(data),
            "cmp" => ReadCompare(data),
            "range" => ReadRange(data),
            "bitwise" => ReadBitwise(data),
            "immediate" => ReadImmediate(data),
            "counter" => ReadCounter(data),
            "nat" => ReadNat(data),
            "masq" => new FilterExpression.Masquerade(),
            "numgen" => ReadRandomNumber(data),
            "hash" => ReadHash(data),
            "reject" => ReadRefuse(data),
            _ => null,
        } ?? new FilterExpression.Foreign(name);
    }

    // Meta, ct and payload can also set what they load; that is somebody else's, and read as such.
    private static FilterExpression? ReadMeta(AttributeReader data)
    {
        uint? key = null, into = null;
        while (data.Next())
        {
            if (data.Type == NFTA_META_KEY)
                key = data.UInt32BigEndian();
            else if (data.Type == NFTA_META_DREG)
                into = data.UInt32BigEndian();
        }

        return (key, into) is ({ } what, { } register) ? new FilterExpression.Meta((MetaKey)what, (FilterRegister)register) : null;
    }

    private static FilterExpression? ReadConnection(AttributeReader data)
    {
        uint? key = null, into = null;
        while (data.Next())
        {
            if (data.Type == NFTA_CT_KEY)
                key = data.UInt32BigEndian();
            else if (data.Type == NFTA_CT_DREG)
                into = data.UInt32BigEndian();
        }

        return (key, into) is ({ } what, { } register) ? new FilterExpression.Connection((ConnectionKey)what, (FilterRegister)register) : null;
    }

    private static FilterExpression? ReadPayload(AttributeReader data)
    {
        uint from = 0, offset = 0, length = 0;
        uint? into = null;
        while (data.Next())
        {
            switch (data.Type)
            {
                case NFTA_PAYLOAD_DREG:
                    into = data.UInt32BigEndian();
                    break;
                case NFTA_PAYLOAD_BASE:
                    from = data.UInt32BigEndian();
                    break;
                case NFTA_PAYLOAD_OFFSET:
                    offset = data.UInt32BigEndian();
                    break;
                case NFTA_PAYLOAD_LEN:
                    length = data.UInt32BigEndian();
                    break;
            }
        }

        return into is { } register ? new FilterExpression.Payload((PayloadBase)from, offset, length, (FilterRegister)register) : null;
    }

    private static FilterExpression.Compare ReadCompare(AttributeReader data)
    {
        uint register = 0, comparison = 0;
        var value = default(RegisterValue);
        while (data.Next())
        {
            if (data.Type == NFTA_CMP_SREG)
                register = data.UInt32BigEndian();
            else if (data.Type == NFTA_CMP_OP)
                comparison = data.UInt32BigEndian();
            else if (data.Type == NFTA_CMP_DATA)
                value = ReadValue(data.Nested());
        }

        return new FilterExpression.Compare((Comparison)comparison, (FilterRegister)register, value);
    }

    private static FilterExpression.InRange? ReadRange(AttributeReader data)
    {
        uint register = 0, operation = 0;
        RegisterValue first = default, last = default;
        while (data.Next())
        {
            switch (data.Type)
            {
                case NFTA_RANGE_SREG:
                    register = data.UInt32BigEndian();
                    break;
                case NFTA_RANGE_OP:
                    operation = data.UInt32BigEndian();
                    break;
                case NFTA_RANGE_FROM_DATA:
                    first = ReadValue(data.Nested());
                    break;
                case NFTA_RANGE_TO_DATA:
                    last = ReadValue(data.Nested());
                    break;
            }
        }

        return operation == NFT_RANGE_EQ ? new FilterExpression.InRange((FilterRegister)register, first, last) : null;
    }

    private static FilterExpression.Bitwise? ReadBitwise(AttributeReader data)
    {
        uint from = 0, into = 0;
        RegisterValue? mask = null, xor = null;
        while (data.Next())
        {
            switch (data.Type)
            {
                case NFTA_BITWISE_SREG:
                    from = data.UInt32BigEndian();
                    break;
                case NFTA_BITWISE_DREG:
                    into = data.UInt32BigEndian();
                    break;
                case NFTA_BITWISE_MASK:
                    mask = ReadValue(data.Nested());
                    break;
                case NFTA_BITWISE_XOR:
                    xor = ReadValue(data.Nested());
                    break;
            }
        }

        // Without both it is a shift.
        return (mask, xor) is ({ } and, { } exclusive) ? new FilterExpression.Bitwise((FilterRegister)from, (FilterRegister)into, and, exclusive) : null;
    }

    private static FilterExpression? ReadImmediate(AttributeReader data)
    {
        uint into = 0;
        FilterExpression? expression = null;
        while (data.Next())
        {
            if (data.Type == NFTA_IMMEDIATE_DREG)
                into = data.UInt32BigEndian();
            else if (data.Type == NFTA_IMMEDIATE_DATA)
                expression = into == VerdictRegister ? ReadVerdict(data.Nested()) : new FilterExpression.Load((FilterRegister)into, ReadValue(data.Nested()));
        }

        return expression;
    }

    private static FilterExpression.Counter ReadCounter(AttributeReader data)
    {
        ulong packets = 0, bytes = 0;
        while (data.Next())
        {
            if (data.Type == NFTA_COUNTER_PACKETS)
                packets = data.UInt64BigEndian();
            else if (data.Type == NFTA_COUNTER_BYTES)
                bytes = data.UInt64BigEndian();
        }

        return new FilterExpression.Counter(packets, bytes);
    }

    private static FilterExpression.RandomNumber? ReadRandomNumber(AttributeReader data)
    {
        uint into = 0, modulus = 0, type = NFT_NG_RANDOM, offset = 0;
        while (data.Next())
        {
            switch (data.Type)
            {
                case NFTA_NG_DREG:
                    into = data.UInt32BigEndian();
                    break;
                case NFTA_NG_MODULUS:
                    modulus = data.UInt32BigEndian();
                    break;
                case NFTA_NG_TYPE:
                    type = data.UInt32BigEndian();
                    break;
                case NFTA_NG_OFFSET:
                    offset = data.UInt32BigEndian();
                    break;
            }
        }

        // One that counts up is another thing.
        return type == NFT_NG_RANDOM && offset == 0 ? new FilterExpression.RandomNumber((FilterRegister)into, modulus) : null;
    }

    private static FilterExpression.Hash? ReadHash(AttributeReader data)
    {
        uint from = 0, into = 0, length = 0, modulus = 0, others = 0;
        while (data.Next())
        {
            switch (data.Type)
            {
                case NFTA_HASH_SREG:
                    from = data.UInt32BigEndian();
                    break;
                case NFTA_HASH_DREG:
                    into = data.UInt32BigEndian();
                    break;
                case NFTA_HASH_LEN:
                    length = data.UInt32BigEndian();
                    break;
                case NFTA_HASH_MODULUS:
                    modulus = data.UInt32BigEndian();
                    break;
                case NFTA_HASH_SEED or NFTA_HASH_OFFSET or NFTA_HASH_TYPE:
                    others |= data.UInt32BigEndian();
                    break;
            }
        }

        return others == 0 ? new FilterExpression.Hash((FilterRegister)from, length, (FilterRegister)into, modulus) : null;
    }

    private static FilterExpression.Refuse? ReadRefuse(AttributeReader data)
    {
        var type = NFT_REJECT_ICMP_UNREACH;
        byte code = 0;
        while (data.Next())
        {
            if (data.Type == NFTA_REJECT_TYPE)
                type = data.UInt32BigEndian();
            else if (data.Type == NFTA_REJECT_ICMP_CODE)
                code = data.Byte();
        }

        // A reset is another answer.
        return type == NFT_REJECT_ICMP_UNREACH ? new FilterExpression.Refuse(code) : null;
    }

    private static void WriteNat(MessageWriter message, FilterExpression.Nat nat)
    {
        message.UInt32BigEndian(NFTA_NAT_TYPE, (uint)nat.Kind);
        message.UInt32BigEndian(NFTA_NAT_FAMILY, (uint)nat.Family);
        foreach (var (type, register) in new[]
        {
            (NFTA_NAT_REG_ADDR_MIN, nat.Address), (NFTA_NAT_REG_ADDR_MAX, nat.LastAddress), (NFTA_NAT_REG_PROTO_MIN, nat.Port), (NFTA_NAT_REG_PROTO_MAX, nat.LastPort),
        })
        {
            if (register is { } holds)
                message.UInt32BigEndian(type, (uint)holds);
        }

        if (nat.Port is not null)
            message.UInt32BigEndian(NFTA_NAT_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
    }

    private static FilterExpression.Nat ReadNat(AttributeReader data)
    {
        uint kind = 0, family = 0;
        var registers = new FilterRegister?[NFTA_NAT_REG_PROTO_MAX + 1];
        while (data.Next())
        {
            if (data.Type == NFTA_NAT_TYPE)
                kind = data.UInt32BigEndian();
            else if (data.Type == NFTA_NAT_FAMILY)
                family = data.UInt32BigEndian();
            else if (data.Type is >= NFTA_NAT_REG_ADDR_MIN and <= NFTA_NAT_REG_PROTO_MAX)
                registers[data.Type] = (FilterRegister)data.UInt32BigEndian();
        }

        return new FilterExpression.Nat((NatKind)kind, (FilterFamily)family)
        {
            Address = registers[NFTA_NAT_REG_ADDR_MIN],
            LastAddress = UnlessSame(registers[NFTA_NAT_REG_ADDR_MAX], registers[NFTA_NAT_REG_ADDR_MIN]),
            Port = registers[NFTA_NAT_REG_PROTO_MIN],
            LastPort = UnlessSame(registers[NFTA_NAT_REG_PROTO_MAX], registers[NFTA_NAT_REG_PROTO_MIN]),
        };
    }

    // Where no last one was given, the kernel takes, and shows, the first.
    private static FilterRegister? UnlessSame(FilterRegister? last, FilterRegister? first) => last == first ? null : last;

    private static void WriteValue(MessageWriter message, ushort type, RegisterValue value)
    {
        using (message.Nested(type))
            message.Attribute(NFTA_DATA_VALUE, value.Bytes);
    }

    private static RegisterValue ReadValue(AttributeReader data)
    {
        while (data.Next())
        {
            if (data.Type == NFTA_DATA_VALUE)
                return new RegisterValue(data.Value);
        }

        return default;
    }

    private static void WriteVerdict(MessageWriter message, FilterExpression.Decide decide)
    {
        using var data = message.Nested(NFTA_IMMEDIATE_DATA);
        using var verdict = message.Nested(NFTA_DATA_VERDICT);
        message.UInt32BigEndian(NFTA_VERDICT_CODE, (uint)decide.Verdict);
        if (decide.Chain is { } chain)
            message.String(NFTA_VERDICT_CHAIN, chain);
    }

    private static FilterExpression.Decide? ReadVerdict(AttributeReader data)
    {
        FilterExpression.Decide? decide = null;
        while (data.Next())
        {
            if (data.Type == NFTA_DATA_VERDICT)
                decide = ReadVerdictCode(data.Nested());
        }

        return decide;
    }

    private static FilterExpression.Decide ReadVerdictCode(AttributeReader verdict)
    {
        var code = FilterVerdict.Accept;
        string? chain = null;
        while (verdict.Next())
        {
            if (verdict.Type == NFTA_VERDICT_CODE)
                code = (FilterVerdict)(int)verdict.UInt32BigEndian();
            else if (verdict.Type == NFTA_VERDICT_CHAIN)
                chain = verdict.String();
        }

        return new FilterExpression.Decide(code, chain);
    }
}
