using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// A classic BPF program (socket filter) that accepts a frame if any of some rules holds; a rule holds if all of its conditions do.
/// <code>
/// PacketFilter.AnyOf(
///     [Match.EtherType(0x0806)],
///     [Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4DestinationPort(67)]);
/// </code>
/// The kernel runs it before the frame costs a wake-up. A VLAN tag is not part of the frame here: the kernel keeps it beside.
/// </summary>
public sealed class PacketFilter
{
    // linux/filter.h: BPF_LD|BPF_W/H/B|BPF_ABS or BPF_IND, BPF_LDX|BPF_B|BPF_MSH, BPF_ALU|BPF_AND|BPF_K, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
    private const ushort LoadAbsolute = 0x20, LoadIndexed = 0x40, LoadHeaderLength = 0xb1, And = 0x54, JumpIfEqual = 0x15, Return = 0x06;
    private const uint WholeFrame = 0x40000;
    private const int EthernetHeader = 14;

    private readonly Instruction[] _program;

    private PacketFilter(Instruction[] program) => _program = program;

    /// <summary>Accepts nothing: for emptying a socket's queue before its real filter is attached.</summary>
    public static PacketFilter Nothing { get; } = new([new Instruction(Return, 0, 0, 0)]);

    public static PacketFilter AnyOf(params ReadOnlySpan<Match[]> rules)
    {
        var program = new List<Instruction>();
        foreach (var rule in rules)
            Append(program, rule, WholeFrame);
        program.Add(new Instruction(Return, 0, 0, 0));
        return new PacketFilter([.. program]);
    }

    /// <summary>The same without the frames for which this rule holds.</summary>
    public PacketFilter Unless(params Match[] rule)
    {
        var program = new List<Instruction>();
        Append(program, rule, 0);
        // Jumps are relative: the program does not mind what stands before it.
        return new PacketFilter([.. program, .. _program]);
    }

    /// <summary>
    /// The same program with other results, as bytes (an array of <c>struct sock_filter</c>): for tc's bpf classifier, where the result is
    /// a verdict (TC_ACT_*) instead of a length.
    /// </summary>
    public byte[] ToClassifier(int accepted, int otherwise)
    {
        var program = Array.ConvertAll(_program, instruction => instruction.Code == Return
            ? instruction with { Operand = (uint)(instruction.Operand == 0 ? otherwise : accepted) }
            : instruction);
        return MemoryMarshal.AsBytes<Instruction>(program).ToArray();
    }

    /// <summary>Two filters as one classifier: what this one accepts has one verdict, what only the next accepts another.</summary>
    public byte[] ToClassifier(int accepted, PacketFilter next, int acceptedByNext, int otherwise)
    {
        // Without this program's last instruction, "no rule holds", it runs on into the next.
        var first = ToClassifier(accepted, otherwise).AsSpan()[..^Marshal.SizeOf<Instruction>()];
        return [.. first, .. next.ToClassifier(acceptedByNext, otherwise)];
    }

    internal ReadOnlySpan<Instruction> Program => _program;

    private static void Append(List<Instruction> program, Match[] rule, uint result)
    {
        var start = program.Count;
        foreach (var match in rule)
        {
            // For an indexed load X holds the length of the IPv4 header, options included.
            if (match.AfterIpv4Header)
                program.Add(new Instruction(LoadHeaderLength, 0, 0, EthernetHeader));
            program.Add(new Instruction((ushort)((match.AfterIpv4Header ? LoadIndexed : LoadAbsolute) | match.SizeCode), 0, 0, (uint)match.Offset));
            if (match.Mask != uint.MaxValue)
                program.Add(new Instruction(And, 0, 0, match.Mask));
            program.Add(new Instruction(JumpIfEqual, 0, 0, match.Value));
        }

        program.Add(new Instruction(Return, 0, 0, result));
        for (var index = start; index < program.Count; index++)
        {
            // A condition that does not hold leads to the next rule.
            if (program[index].Code == JumpIfEqual)
                program[index] = program[index] with { IfFalse = checked((byte)(program.Count - index - 1)) };
        }
    }

    /// <summary><c>struct sock_filter</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);
}
