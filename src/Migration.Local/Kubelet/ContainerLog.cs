using System.Buffers.Binary;

namespace Migration.Local.Kubelet;

/// <summary>
/// What one run of a container wrote, both streams as they came, in a file that holds nothing else; when it came is in a file beside it, a
/// pair (offset, ticks) per piece.
/// </summary>
internal sealed class ContainerLog : IDisposable
{
    private const int EntrySize = 16;

    private readonly TimeProvider _time;

    /// <summary>Protects both files and the position: standard output and error are written by two loops.</summary>
    private readonly Lock _gate = new();
    private readonly FileStream _text;
    private readonly FileStream _times;
    private bool _closed;

    private ContainerLog(FileStream text, FileStream times, TimeProvider time)
    {
        _text = text;
        _times = times;
        _time = time;
    }

    public static string TimesOf(string file) => file + ".times";

    public static string PreviousOf(string file) => Path.ChangeExtension(file, ".previous.log");

    /// <summary>Begins the log of a new run; that of the run before becomes the previous one.</summary>
    public static ContainerLog Begin(string file, TimeProvider time)
    {
        if (File.Exists(file))
        {
            File.Move(file, PreviousOf(file), overwrite: true);
            File.Move(TimesOf(file), TimesOf(PreviousOf(file)), overwrite: true);
        }

        return new ContainerLog(Create(file), Create(TimesOf(file)), time);
    }

    public void Write(ReadOnlySpan<byte> piece)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        lock (_gate)
        {
            if (_closed)
                return;
            BinaryPrimitives.WriteInt64LittleEndian(entry, _text.Position);
            BinaryPrimitives.WriteInt64LittleEndian(entry[8..], _time.GetUtcNow().UtcTicks);
            // The time first: whoever finds text finds its time.
            _times.Write(entry);
            _text.Write(piece);
        }
    }

    /// <summary>Where pieces began and when they were written, in order.</summary>
    public static IReadOnlyList<(long Offset, DateTimeOffset Time)> ReadTimes(string file)
    {
        var bytes = ReadShared(TimesOf(file));
        var entries = new (long, DateTimeOffset)[bytes.Length / EntrySize];
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = bytes.AsSpan(i * EntrySize, EntrySize);
            entries[i] = (BinaryPrimitives.ReadInt64LittleEndian(entry), new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(entry[8..]), TimeSpan.Zero));
        }

        return entries;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _text.Dispose();
            _times.Dispose();
        }
    }

    private static FileStream Create(string file) => new(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
