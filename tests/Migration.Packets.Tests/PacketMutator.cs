namespace Migration.Packets.Tests;

/// <summary>
/// Breaks frames, in place and from a seed: bits, bytes, lengths, pieces copied elsewhere. Most are repaired at the outside afterwards,
/// because wrong lengths and checksums would hide what is behind them.
/// </summary>
internal sealed class PacketMutator(int seed, byte[][] corpus)
{
    private readonly Random _random = new(seed);
    private readonly byte[] _buffer = new byte[2048];
    private readonly byte[] _interesting = [0, 1, 2, 3, 4, 5, 6, 8, 13, 14, 23, 24, 25, 39, 50, 51, 52, 53, 54, 55, 57, 61, 80, 81, 82, 119, 121, 127, 128, 192, 249, 254, 255];

    /// <summary>The next frame; it stands until the one after it.</summary>
    public Memory<byte> Next()
    {
        var source = corpus[_random.Next(corpus.Length)];
        source.CopyTo(_buffer, 0);
        _buffer.AsSpan(source.Length).Clear();
        var length = source.Length;
        // Options are where the structure is: most changes go there.
        var options = Math.Min(StartOfOptions(source), length - 1);
        for (var changes = _random.Next(0, 7); changes > 0; changes--)
        {
            switch (_random.Next(7))
            {
                case 0: _buffer[_random.Next(length)] = (byte)_random.Next(256); break;
                case 1: _buffer[_random.Next(length)] ^= (byte)(1 << _random.Next(8)); break;
                case 2: _buffer[_random.Next(options, length)] = (byte)_random.Next(256); break;
                case 3 or 4: _buffer[_random.Next(options, length)] = _interesting[_random.Next(_interesting.Length)]; break;
                case 5 when _random.Next(3) == 0: length = _random.Next(1, _random.Next(2) == 0 ? length + 1 : 1500); options = Math.Min(options, length - 1); break;
                default:
                    int from = _random.Next(length), to = _random.Next(options, length), count = _random.Next(1, 32);
                    _buffer.AsSpan(from, Math.Min(count, _buffer.Length - Math.Max(from, to))).CopyTo(_buffer.AsSpan(to));
                    break;
            }
        }
        if (_random.Next(8) != 0) Repair(_buffer.AsSpan(0, length));
        return _buffer.AsMemory(0, length);
    }

    private static int StartOfOptions(byte[] frame) => frame[12] == 0x08 ? 282 : frame[20] == 17 ? 66 : 58;

    private static void Repair(Span<byte> frame)
    {
        if (frame.Length >= 42 && frame[12] == 0x08 && frame[13] == 0 && frame[14] == 0x45) RepairIpv4(frame);
        else if (frame.Length >= 62 && frame[12] == 0x86 && frame[13] == 0xdd) RepairIpv6(frame);
    }

    private static void RepairIpv4(Span<byte> frame)
    {
        var length = frame.Length - 34;
        (frame[16], frame[17]) = ((byte)((length + 20) >> 8), (byte)(length + 20));
        (frame[38], frame[39], frame[40], frame[41]) = ((byte)(length >> 8), (byte)length, 0, 0);
        (frame[24], frame[25]) = (0, 0);
        Put(frame[24..], InternetChecksum.Finish(InternetChecksum.Sum(frame[14..34])));
    }

    private static void RepairIpv6(Span<byte> frame)
    {
        var length = frame.Length - 54;
        Put(frame[18..], (ushort)length);
        var at = frame[20] == 58 ? 56 : 60;
        if (at == 60) Put(frame[58..], (ushort)length);
        Put(frame[at..], 0);
        var sum = InternetChecksum.Sum(frame.Slice(22, 32)) + frame[20] + (ulong)length + InternetChecksum.Sum(frame[54..]);
        var checksum = InternetChecksum.Finish(sum);
        Put(frame[at..], checksum == 0 ? (ushort)0xffff : checksum);
    }

    private static void Put(Span<byte> bytes, ushort number) => (bytes[0], bytes[1]) = ((byte)(number >> 8), (byte)number);
}
