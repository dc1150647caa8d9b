using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Migration.Netlink.Protocol;

/// <summary>
/// nf_tables' tables, chains and rules: <c>struct nfgenmsg</c> and NFTA_* attributes (include/uapi/linux/netfilter/nf_tables.h), whose numbers
/// are big-endian. Changes are only taken between two edges of a batch, NFNL_MSG_BATCH_BEGIN and _END, in one datagram.
/// </summary>
internal static class FilterMessage
{
    public const ushort BatchBegin = 0x10, BatchEnd = 0x11;
    public const ushort NewTable = Subsystem << 8, GetTable = NewTable + 1, DeleteTable = NewTable + 2;
    public const ushort NewChain = NewTable + 3, GetChain = NewTable + 4, DeleteChain = NewTable + 5;
    public const ushort NewRule = NewTable + 6, GetRule = NewTable + 7, DeleteRule = NewTable + 8;

    private const ushort Subsystem = 10; // NFNL_SUBSYS_NFTABLES
    private const ushort NFTA_TABLE_NAME = 1, NFTA_TABLE_USERDATA = 6;
    private const ushort NFTA_CHAIN_TABLE = 1, NFTA_CHAIN_NAME = 3, NFTA_CHAIN_HOOK = 4, NFTA_CHAIN_POLICY = 5, NFTA_CHAIN_TYPE = 7;
    private const ushort NFTA_HOOK_HOOKNUM = 1, NFTA_HOOK_PRIORITY = 2;
    private const ushort NFTA_RULE_TABLE = 1, NFTA_RULE_CHAIN = 2, NFTA_RULE_HANDLE = 3, NFTA_RULE_EXPRESSIONS = 4, NFTA_RULE_USERDATA = 7;
    private const uint NF_DROP = 0, NF_ACCEPT = 1;

    // User data are type, length, value; the kernel does not look inside. The numbers are nft's.
    private const byte CommentType = 0;

    /// <summary>The first or last message of a transaction.</summary>
    public static MessageWriter WriteBatchEdge(ushort type)
    {
        var message = new MessageWriter(type, flags: 0);
        message.Struct(new Body { Resource = BinaryPrimitives.ReverseEndianness(Subsystem) });
        return message;
    }

    public static MessageWriter WriteTableDump() => Start(GetTable, 0, family: 0);

    public static MessageWriter WriteChainDump(FilterFamily family) => Start(GetChain, 0, family);

    /// <summary>
    /// Of all tables: a kernel that is asked for one looks only at the first of that name, which for a moment after a transaction
    /// replaced it is the old one, emptied, and the dump does not say that it was overtaken.
    /// </summary>
    public static MessageWriter WriteRuleDump(FilterFamily family) => Start(GetRule, 0, family);

    public static MessageWriter WriteNewTable(FilterTable table)
    {
        var message = Start(NewTable, NetlinkHeader.Create, table.Name.Family);
        message.String(NFTA_TABLE_NAME, table.Name.Name);
        WriteComment(message, NFTA_TABLE_USERDATA, table.Comment);
        return message;
    }

    public static MessageWriter WriteDeleteTable(TableName table)
    {
        var message = Start(DeleteTable, 0, table.Family);
        message.String(NFTA_TABLE_NAME, table.Name);
        return message;
    }

    public static MessageWriter WriteNewChain(FilterChain chain)
    {
        var message = WriteChain(NewChain, NetlinkHeader.Create, chain);
        if (chain.Base is not { } place)
            return message;
        message.String(NFTA_CHAIN_TYPE, place.Type);
        message.UInt32BigEndian(NFTA_CHAIN_POLICY, place.Drops ? NF_DROP : NF_ACCEPT);
        using (message.Nested(NFTA_CHAIN_HOOK))
        {
            message.UInt32BigEndian(NFTA_HOOK_HOOKNUM, (uint)place.Hook);
            message.UInt32BigEndian(NFTA_HOOK_PRIORITY, (uint)place.Priority);
        }

        return message;
    }

    public static MessageWriter WriteDeleteChain(FilterChain chain) => WriteChain(DeleteChain, 0, chain);

    public static MessageWriter WriteNewRule(FilterRule rule)
    {
        var message = WriteRule(NewRule, NetlinkHeader.Create | NetlinkHeader.Append, rule);
        using (message.Nested(NFTA_RULE_EXPRESSIONS))
        {
            foreach (var expression in rule.Expressions)
                ExpressionAttributes.Write(message, expression);
        }

        WriteComment(message, NFTA_RULE_USERDATA, rule.Comment);
        return message;
    }

    public static MessageWriter WriteDeleteRule(FilterRule rule)
    {
        var message = WriteRule(DeleteRule, 0, rule);
        message.UInt64BigEndian(NFTA_RULE_HANDLE, rule.Handle);
        return message;
    }

    public static FilterTable ReadTable(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var name = "";
        string? comment = null;
        while (reader.Next())
        {
            if (reader.Type == NFTA_TABLE_NAME)
                name = reader.String();
            else if (reader.Type == NFTA_TABLE_USERDATA)
                comment = ReadComment(reader.Value);
        }

        return new FilterTable(new TableName(body.Family, name)) { Comment = comment };
    }

    public static FilterChain ReadChain(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var (table, name, kind, drops) = ("", "", "", false);
        (FilterHook Hook, int Priority)? place = null;
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case NFTA_CHAIN_TABLE:
                    table = reader.String();
                    break;
                case NFTA_CHAIN_NAME:
                    name = reader.String();
                    break;
                case NFTA_CHAIN_TYPE:
                    kind = reader.String();
                    break;
                case NFTA_CHAIN_POLICY:
                    drops = reader.UInt32BigEndian() == NF_DROP;
                    break;
                case NFTA_CHAIN_HOOK:
                    place = ReadHook(reader.Nested());
                    break;
            }
        }

        return new FilterChain(new TableName(body.Family, table), name) { Base = place is { } at ? new ChainHook(kind, at.Hook, at.Priority, drops) : null };
    }

    public static FilterRule ReadRule(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var (table, chain, handle) = ("", "", 0UL);
        string? comment = null;
        List<FilterExpression> expressions = [];
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case NFTA_RULE_TABLE:
                    table = reader.String();
                    break;
                case NFTA_RULE_CHAIN:
                    chain = reader.String();
                    break;
                case NFTA_RULE_HANDLE:
                    handle = reader.UInt64BigEndian();
                    break;
                case NFTA_RULE_EXPRESSIONS:
                    expressions = ExpressionAttributes.ReadList(reader.Nested());
                    break;
                case NFTA_RULE_USERDATA:
                    comment = ReadComment(reader.Value);
                    break;
            }
        }

        return new FilterRule(new TableName(body.Family, table), chain, expressions) { Handle = handle, Comment = comment };
    }

    private static MessageWriter Start(ushort type, int flags, FilterFamily family)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(new Body { Family = family });
        return message;
    }

    private static MessageWriter WriteChain(ushort type, int flags, FilterChain chain)
    {
        var message = Start(type, flags, chain.Table.Family);
        message.String(NFTA_CHAIN_TABLE, chain.Table.Name);
        message.String(NFTA_CHAIN_NAME, chain.Name);
        return message;
    }

    private static MessageWriter WriteRule(ushort type, int flags, FilterRule rule)
    {
        var message = Start(type, flags, rule.Table.Family);
        message.String(NFTA_RULE_TABLE, rule.Table.Name);
        message.String(NFTA_RULE_CHAIN, rule.Chain);
        return message;
    }

    private static (FilterHook Hook, int Priority) ReadHook(AttributeReader reader)
    {
        (FilterHook Hook, int Priority) place = default;
        while (reader.Next())
        {
            if (reader.Type == NFTA_HOOK_HOOKNUM)
                place.Hook = (FilterHook)reader.UInt32BigEndian();
            else if (reader.Type == NFTA_HOOK_PRIORITY)
                place.Priority = (int)reader.UInt32BigEndian();
        }

        return place;
    }

    private static void WriteComment(MessageWriter message, ushort type, string? comment)
    {
        if (comment is null)
            return;
        var text = Encoding.UTF8.GetBytes(comment + '\0');
        if (text.Length > FilterTable.MaximumComment)
            throw new ArgumentException($"a comment of {text.Length - 1} bytes: {FilterTable.MaximumComment - 1} is the limit");
        message.Attribute(type, [CommentType, (byte)text.Length, .. text]);
    }

    /// <summary>Null where there is none; what others keep beside it, or instead, is theirs.</summary>
    private static string? ReadComment(ReadOnlySpan<byte> data)
    {
        while (data.Length >= 2 && data.Length >= 2 + data[1])
        {
            if (data[0] == CommentType)
                return Encoding.UTF8.GetString(data.Slice(2, data[1]).TrimEnd((byte)0));
            data = data[(2 + data[1])..];
        }

        return null;
    }

    /// <summary><c>struct nfgenmsg</c>; the last member is big-endian.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public FilterFamily Family;
        public byte Version;
        public ushort Resource;
    }
}
