using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>RTM_NEWQDISC, RTM_NEWTFILTER and their kin: <c>struct tcmsg</c> and TCA_* attributes (include/uapi/linux/pkt_cls.h).</summary>
internal static class TrafficMessage
{
    public const ushort NewQdisc = 36, DeleteQdisc = 37, GetQdisc = 38, NewFilter = 44, DeleteFilter = 45, GetFilter = 46;

    private const uint ClsactParent = 0xfffffff1, ClsactHandle = 0xffff0000;
    private const ushort TCA_KIND = 1, TCA_OPTIONS = 2;
    private const ushort TCA_U32_SEL = 5, TCA_U32_ACT = 7, TCA_MATCHALL_ACT = 2;
    private const ushort TCA_BPF_ACT = 1, TCA_BPF_OPS_LEN = 4, TCA_BPF_OPS = 5, TCA_BPF_FLAGS = 8;
    private const uint TCA_BPF_FLAG_ACT_DIRECT = 1;
    private const byte TC_U32_TERMINAL = 1;
    private const int BpfInstructionSize = 8;

    public static MessageWriter WriteClsact(ushort type, int flags, int interfaceIndex)
    {
        var message = Start(type, flags, new Body { Index = interfaceIndex, Handle = ClsactHandle, Parent = ClsactParent });
        message.String(TCA_KIND, "clsact");
        return message;
    }

    public static MessageWriter WriteQdiscDump(int interfaceIndex) => Start(GetQdisc, 0, new Body { Index = interfaceIndex });

    public static MessageWriter WriteFilterDump(int interfaceIndex, TrafficHook hook) =>
        Start(GetFilter, 0, new Body { Index = interfaceIndex, Parent = (uint)hook });

    /// <summary>Removes every filter of a hook.</summary>
    public static MessageWriter WriteFlush(int interfaceIndex, TrafficHook hook) =>
        Start(DeleteFilter, 0, new Body { Index = interfaceIndex, Parent = (uint)hook });

    public static MessageWriter WriteDelete(TrafficFilter filter)
    {
        var message = Start(DeleteFilter, 0, BodyOf(filter));
        message.String(TCA_KIND, filter.Classifier.Kind);
        return message;
    }

    public static MessageWriter Write(int flags, TrafficFilter filter)
    {
        var message = Start(NewFilter, flags, BodyOf(filter));
        message.String(TCA_KIND, filter.Classifier.Kind);
        using (message.Nested(TCA_OPTIONS))
        {
            switch (filter.Classifier)
            {
                case Classifier.MatchAll:
                    WriteAction(message, TCA_MATCHALL_ACT, filter.Action);
                    break;
                case Classifier.U32:
                    message.Attribute(TCA_U32_SEL, MemoryMarshal.AsBytes([new Selector { Flags = TC_U32_TERMINAL, KeyCount = 1 }]));
                    WriteAction(message, TCA_U32_ACT, filter.Action);
                    break;
                case Classifier.Bpf bpf:
                    WriteProgram(message, bpf, decides: filter.Action is null);
                    WriteAction(message, TCA_BPF_ACT, filter.Action);
                    break;
                default:
                    throw new ArgumentException($"cannot write a filter of kind {filter.Classifier.Kind}");
            }
        }

        return message;
    }

    public static QueueingDiscipline ReadQdisc(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var kind = "";
        while (reader.Next())
        {
            if (reader.Type == TCA_KIND)
                kind = reader.String();
        }

        return new QueueingDiscipline(body.Index, kind, body.Handle, body.Parent);
    }

    /// <summary>Null for what a dump lists besides filters: a priority's head, and u32's tables.</summary>
    public static TrafficFilter? ReadFilter(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var kind = "";
        Classifier? classifier = null;
        MirredAction? action = null;
        while (reader.Next())
        {
            if (reader.Type == TCA_KIND)
                kind = reader.String();
            else if (reader.Type == TCA_OPTIONS)
                (classifier, action) = ReadOptions(kind, reader.Nested());
        }

        if (classifier is null || IsTable(kind, body.Handle))
            return null;
        return new TrafficFilter
        {
            InterfaceIndex = body.Index,
            Hook = (TrafficHook)body.Parent,
            Priority = (ushort)(body.Info >> 16),
            Protocol = BinaryPrimitives.ReverseEndianness((ushort)body.Info),
            Handle = body.Handle,
            Classifier = classifier,
            Action = action,
        };
    }

    private static MessageWriter Start(ushort type, int flags, in Body body)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(body);
        return message;
    }

    private static Body BodyOf(TrafficFilter filter) =>
        new()
        {
            Index = filter.InterfaceIndex,
            Handle = filter.Handle,
            Parent = (uint)filter.Hook,
            Info = (uint)filter.Priority << 16 | BinaryPrimitives.ReverseEndianness(filter.Protocol),
        };

    // The lower 12 bits of a u32 handle number the filters of a table; 0 is the table.
    private static bool IsTable(string kind, uint handle) => kind == "u32" && (handle & 0xfff) == 0;

    private static void WriteProgram(MessageWriter message, Classifier.Bpf bpf, bool decides)
    {
        message.UInt16(TCA_BPF_OPS_LEN, (ushort)(bpf.Program.Length / BpfInstructionSize));
        message.Attribute(TCA_BPF_OPS, bpf.Program);
        message.UInt32(TCA_BPF_FLAGS, decides ? TCA_BPF_FLAG_ACT_DIRECT : 0);
    }

    private static void WriteAction(MessageWriter message, ushort type, MirredAction? action)
    {
        if (action is null)
            return;
        using (message.Nested(type))
            ActionAttributes.Write(message, action);
    }

    private static (Classifier Classifier, MirredAction? Action) ReadOptions(string kind, AttributeReader reader)
    {
        MirredAction? action = null;
        byte[] program = [];
        while (reader.Next())
        {
            switch (kind, reader.Type)
            {
                case ("u32", TCA_U32_ACT):
                case ("matchall", TCA_MATCHALL_ACT):
                case ("bpf", TCA_BPF_ACT):
                    action = ActionAttributes.Read(reader.Nested());
                    break;
                case ("bpf", TCA_BPF_OPS):
                    program = reader.Value.ToArray();
                    break;
            }
        }

        return (kind switch
        {
            "u32" => new Classifier.U32(),
            "matchall" => new Classifier.MatchAll(),
            "bpf" => new Classifier.Bpf(program),
            _ => new Classifier.Foreign(kind),
        }, action);
    }

    /// <summary><c>struct tcmsg</c>; the lower half of the last member is a big-endian EtherType.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public byte Family;
        public byte Padding1;
        public ushort Padding2;
        public int Index;
        public uint Handle;
        public uint Parent;
        public uint Info;
    }

    /// <summary><c>struct tc_u32_sel</c> with one <c>struct tc_u32_key</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Selector
    {
        public byte Flags;
        public byte OffsetShift;
        public byte KeyCount;
        public ushort OffsetMask;
        public ushort Offset;
        public short OffsetOffset;
        public short HashOffset;
        public uint HashMask;
        public uint KeyMask;
        public uint KeyValue;
        public int KeyOffset;
        public int KeyOffsetMask;
    }
}
