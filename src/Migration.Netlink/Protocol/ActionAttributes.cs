using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>A list of tc actions of which we write and read one, mirred: TCA_ACT_* and TCA_MIRRED_* (include/uapi/linux/tc_act/tc_mirred.h).</summary>
internal static class ActionAttributes
{
    public const ushort New = 48, Delete = 49, Get = 50;

    private const ushort TCA_ACT_TAB = 1;
    private const ushort TCA_ACT_KIND = 1, TCA_ACT_OPTIONS = 2, TCA_ACT_STATS = 4;
    private const ushort TCA_MIRRED_PARMS = 2;
    private const ushort TCA_STATS_BASIC = 1, TCA_STATS_QUEUE = 3;
    private const int TC_ACT_PIPE = 3, TC_ACT_STOLEN = 4;
    private const string Kind = "mirred";

    public static MessageWriter WriteReplace(MirredAction action)
    {
        var message = new MessageWriter(New, NetlinkHeader.Create | NetlinkHeader.Replace);
        message.Struct(default(Body));
        using (message.Nested(TCA_ACT_TAB))
            Write(message, action);
        return message;
    }

    /// <summary>Writes a list of one.</summary>
    public static void Write(MessageWriter message, MirredAction action)
    {
        var redirects = action.Kind is MirredKind.EgressRedirect or MirredKind.IngressRedirect;
        using (message.Nested(1))
        {
            message.String(TCA_ACT_KIND, Kind);
            using (message.Nested(TCA_ACT_OPTIONS))
            {
                var parameters = new Parameters
                {
                    Index = action.Index,
                    Verdict = redirects ? TC_ACT_STOLEN : TC_ACT_PIPE,
                    Kind = action.Kind,
                    TargetIndex = action.TargetIndex,
                };
                message.Attribute(TCA_MIRRED_PARMS, MemoryMarshal.AsBytes([parameters]));
            }
        }
    }

    /// <summary>Reads a list: the first mirred in it.</summary>
    public static MirredAction? Read(AttributeReader list)
    {
        while (list.Next())
        {
            if (ReadOne(list.Nested()) is { } action)
                return action;
        }

        return null;
    }

    private static MirredAction? ReadOne(AttributeReader reader)
    {
        MirredAction? action = null;
        (ulong Packets, ulong Drops) counters = default;
        var kind = "";
        while (reader.Next())
        {
            if (reader.Type == TCA_ACT_KIND)
                kind = reader.String();
            else if (reader.Type == TCA_ACT_STATS)
                counters = ReadCounters(reader.Nested());
            else if (reader.Type == TCA_ACT_OPTIONS && kind == Kind)
                action = ReadParameters(reader.Nested());
        }

        return action is null ? null : action with { Packets = counters.Packets, Drops = counters.Drops };
    }

    private static MirredAction? ReadParameters(AttributeReader reader)
    {
        while (reader.Next())
        {
            if (reader.Type == TCA_MIRRED_PARMS)
            {
                var parameters = reader.Struct<Parameters>();
                return new MirredAction(parameters.Kind, parameters.TargetIndex) { Index = parameters.Index };
            }
        }

        return null;
    }

    private static (ulong Packets, ulong Drops) ReadCounters(AttributeReader reader)
    {
        (ulong Packets, ulong Drops) counters = default;
        while (reader.Next())
        {
            if (reader.Type == TCA_STATS_BASIC)
                counters.Packets = reader.Struct<BasicCounters>().Packets;
            else if (reader.Type == TCA_STATS_QUEUE)
                counters.Drops = reader.Struct<QueueCounters>().Drops;
        }

        return counters;
    }

    /// <summary><c>struct tcamsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public byte Family;
        public byte Padding1;
        public ushort Padding2;
    }

    /// <summary><c>struct tc_mirred</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Parameters
    {
        public uint Index;
        public uint Capabilities;
        public int Verdict;
        public int References;
        public int Bindings;
        public MirredKind Kind;
        public int TargetIndex;
    }

    /// <summary><c>struct gnet_stats_basic</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct BasicCounters
    {
        public ulong Bytes;
        public uint Packets;
    }

    /// <summary><c>struct gnet_stats_queue</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct QueueCounters
    {
        public uint QueueLength;
        public uint Backlog;
        public uint Drops;
        public uint Requeues;
        public uint Overlimits;
    }
}
