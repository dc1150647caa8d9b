using System.Buffers.Binary;
using System.Text;

namespace Migration.Qemu;

/// <summary>
/// Writes an ISO 9660 file system: with Rock Ridge, by which Linux sees the names as they are, and Joliet, by which Windows does. The same
/// label and files give the same bytes: nothing of when or where it was made goes in.
/// </summary>
public static class IsoImage
{
    internal const int Sector = 2048;

    private const int FirstDescriptor = 16, FirstFree = 19, MostLabel = 32;

    /// <summary>Paths are separated by '/'. Throws <see cref="ArgumentException"/> naming what cannot be stored.</summary>
    public static byte[] Create(string label, IEnumerable<KeyValuePair<string, byte[]>> files)
    {
        if (label.Length is 0 or > MostLabel || !label.All(c => c is > ' ' and < '\x7f'))
            throw new ArgumentException($"'{label}' is not a volume label of at most {MostLabel} ASCII characters");
        var folders = IsoFolder.Tree(files);
        var next = FirstFree;
        var rock = new IsoDirectories(folders, IsoNaming.RockRidge, ref next);
        var joliet = new IsoDirectories(folders, IsoNaming.Joliet, ref next);
        foreach (var file in folders.SelectMany(folder => folder.Files))
        {
            file.Sector = next;
            next += Sectors(file.Content.Length);
        }

        var image = new byte[next * Sector];
        Describe(image, FirstDescriptor, label, rock, next);
        Describe(image, FirstDescriptor + 1, label, joliet, next);
        Head(Block(image, FirstDescriptor + 2), 255);
        rock.Write(image);
        joliet.Write(image);
        foreach (var file in folders.SelectMany(folder => folder.Files))
            file.Content.CopyTo(image.AsSpan(file.Sector * Sector));
        return image;
    }

    internal static int Sectors(int length) => (length + Sector - 1) / Sector;

    internal static Span<byte> Block(byte[] image, int sector) => image.AsSpan(sector * Sector, Sector);

    /// <summary>ISO 9660 writes most numbers twice, in both byte orders.</summary>
    internal static void Both(Span<byte> at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(at, value);
        BinaryPrimitives.WriteInt32BigEndian(at[4..], value);
    }

    internal static void BothShort(Span<byte> at, short value)
    {
        BinaryPrimitives.WriteInt16LittleEndian(at, value);
        BinaryPrimitives.WriteInt16BigEndian(at[2..], value);
    }

    private static void Head(Span<byte> block, byte type)
    {
        block[0] = type;
        "CD001"u8.CopyTo(block[1..]);
        block[6] = 1;
    }

    // ECMA-119 §8.4 (primary) and §8.5 (supplementary, for Joliet).
    private static void Describe(byte[] image, int sector, string label, IsoDirectories directories, int sectors)
    {
        var block = Block(image, sector);
        var naming = directories.Naming;
        Head(block, naming.IsJoliet ? (byte)2 : (byte)1);
        foreach (var (from, length) in new[] { (8, 32), (40, 32), (190, 128), (318, 128), (446, 128), (574, 128), (702, 37), (739, 37), (776, 37) })
            Text(block.Slice(from, length), from == 40 ? label : "", naming);
        Both(block[80..], sectors);
        if (naming.IsJoliet)
            "%/E"u8.CopyTo(block[88..]);
        BothShort(block[120..], 1);
        BothShort(block[124..], 1);
        BothShort(block[128..], Sector);
        Both(block[132..], directories.PathTableLength);
        BinaryPrimitives.WriteInt32LittleEndian(block[140..], directories.PathTable);
        BinaryPrimitives.WriteInt32BigEndian(block[148..], directories.PathTable + directories.PathTableSectors);
        directories.WriteRoot(block.Slice(156, 34));
        foreach (var date in new[] { 813, 830, 847, 864 })
            block.Slice(date, 16).Fill((byte)'0');
        block[881] = 1;
    }

    private static void Text(Span<byte> field, string text, IsoNaming naming)
    {
        var padded = text.PadRight(naming.IsJoliet ? field.Length / 2 : field.Length);
        (naming.IsJoliet ? Encoding.BigEndianUnicode : Encoding.ASCII).GetBytes(padded.AsSpan(0, Math.Min(padded.Length, naming.IsJoliet ? field.Length / 2 : field.Length)), field);
    }
}
