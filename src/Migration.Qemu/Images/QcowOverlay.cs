using System.Buffers.Binary;
using System.Text;

namespace Migration.Qemu;

/// <summary>A new, empty qcow2 file over another image: what is written goes into it, what was not is read from below.</summary>
public static class QcowOverlay
{
    private const int Cluster = 1 << 16;
    private const int Header = 104;
    private const uint BackingFormat = 0xE2792ACA;
    private const int Sector = 512;

    /// <summary>The bytes of the file; QEMU opens <paramref name="basePath"/> by that name.</summary>
    public static byte[] Create(string basePath, DiskImage below)
    {
        // Each entry of the first table stands for a cluster of entries of clusters.
        const long reach = (long)Cluster * Cluster / sizeof(long);
        var size = (below.Size + Sector - 1) / Sector * Sector;
        var tables = (int)((size + reach - 1) / reach);
        var tableClusters = Math.Max(1, (tables * sizeof(long) + Cluster - 1) / Cluster);
        var file = new byte[(3 + tableClusters) * Cluster];

        WriteHeader(file, size, tables);
        WriteBase(file, basePath, below.Format is DiskFormat.Qcow2 ? "qcow2" : "raw");
        // Reference counts: a table of one block, which counts every cluster of this file once.
        BinaryPrimitives.WriteInt64BigEndian(file.AsSpan(Cluster), 2 * Cluster);
        for (var used = 0; used < 3 + tableClusters; used++)
            BinaryPrimitives.WriteInt16BigEndian(file.AsSpan(2 * Cluster + 2 * used), 1);
        return file;
    }

    private static void WriteHeader(Span<byte> file, long size, int tables)
    {
        BinaryPrimitives.WriteUInt32BigEndian(file, 0x514649FB);
        BinaryPrimitives.WriteInt32BigEndian(file[4..], 3);
        BinaryPrimitives.WriteInt32BigEndian(file[20..], 16);
        BinaryPrimitives.WriteInt64BigEndian(file[24..], size);
        BinaryPrimitives.WriteInt32BigEndian(file[36..], tables);
        BinaryPrimitives.WriteInt64BigEndian(file[40..], 3 * Cluster);
        BinaryPrimitives.WriteInt64BigEndian(file[48..], Cluster);
        BinaryPrimitives.WriteInt32BigEndian(file[56..], 1);
        BinaryPrimitives.WriteInt32BigEndian(file[96..], 4);
        BinaryPrimitives.WriteInt32BigEndian(file[100..], Header);
    }

    private static void WriteBase(Span<byte> file, string path, string format)
    {
        var (name, at) = (Encoding.UTF8.GetBytes(path), Header);
        if (name.Length is 0 or > 1023)
            throw new ArgumentException($"'{path}' is not the path of an image");
        BinaryPrimitives.WriteUInt32BigEndian(file[at..], BackingFormat);
        BinaryPrimitives.WriteInt32BigEndian(file[(at + 4)..], format.Length);
        Encoding.ASCII.GetBytes(format, file[(at + 8)..]);
        // Padded to eight bytes; then the empty extension that ends them.
        at += 8 + 8 + 8;
        BinaryPrimitives.WriteInt64BigEndian(file[8..], at);
        BinaryPrimitives.WriteInt32BigEndian(file[16..], name.Length);
        name.CopyTo(file[at..]);
    }
}
