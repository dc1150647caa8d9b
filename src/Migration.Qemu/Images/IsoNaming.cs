using System.Text;

namespace Migration.Qemu;

/// <summary>How a directory tree names what is in it: in capital letters with the true name beside it (Rock Ridge), or in UCS-2 (Joliet).</summary>
internal sealed class IsoNaming
{
    public static readonly IsoNaming RockRidge = new(isJoliet: false);
    public static readonly IsoNaming Joliet = new(isJoliet: true);

    private const int ReadableFile = 0x8000 | 0x124, ReadableFolder = 0x4000 | 0x16D;

    private IsoNaming(bool isJoliet) => IsJoliet = isJoliet;

    public bool IsJoliet { get; }

    /// <summary>The name in the record. With Rock Ridge it is only a number in the order of the true names: records are sorted by it.</summary>
    public byte[] Identifier(string name, int index, bool isFolder) =>
        IsJoliet ? Encoding.BigEndianUnicode.GetBytes(name) : Encoding.ASCII.GetBytes(isFolder ? $"{index:D8}" : $"{index:D8}.;1");

    /// <summary>What follows the record's own fields: the System Use entries of Rock Ridge (IEEE P1282).</summary>
    public byte[] Extension(string name, bool isFolder, bool isRootItself)
    {
        if (IsJoliet)
            return [];
        // SP: entries begin here. ER: they are Rock Ridge's.
        byte[] first = isRootItself ? [.. "SP"u8, 7, 1, 0xBE, 0xEF, 0] : [];
        byte[] last = isRootItself ? [.. "ER"u8, 18, 1, 10, 0, 0, 1, .. "RRIP_1991A"u8] : [];
        var text = Encoding.UTF8.GetBytes(name);
        byte[] trueName = text.Length > 0 ? [.. "NM"u8, (byte)(5 + text.Length), 1, 0, .. text] : [];
        return [.. first, .. Attributes(isFolder), .. trueName, .. last];
    }

    private static byte[] Attributes(bool isFolder)
    {
        var entry = new byte[36];
        "PX"u8.CopyTo(entry);
        (entry[2], entry[3]) = (36, 1);
        IsoImage.Both(entry.AsSpan(4), isFolder ? ReadableFolder : ReadableFile);
        IsoImage.Both(entry.AsSpan(12), isFolder ? 2 : 1);
        return entry;
    }
}
