using System.Buffers.Binary;

namespace Migration.Qemu;

/// <summary>One of an image's two directory trees: its path tables and directories, and where they lie.</summary>
internal sealed class IsoDirectories
{
    private const byte IsFolder = 2;

    private readonly IReadOnlyList<IsoFolder> _folders;
    private readonly Dictionary<IsoFolder, (int Sector, int Size)> _places = [];
    private readonly Dictionary<IsoFolder, byte[]> _identifiers = [];

    /// <summary>Takes its sectors from <paramref name="next"/> on.</summary>
    public IsoDirectories(IReadOnlyList<IsoFolder> folders, IsoNaming naming, ref int next)
    {
        (_folders, Naming) = (folders, naming);
        foreach (var folder in folders)
        {
            var index = 0;
            foreach (var below in folder.Folders)
                _identifiers[below] = naming.Identifier(below.Name, index++, isFolder: true);
        }

        _identifiers[folders[0]] = [0];
        PathTableLength = folders.Sum(folder => 8 + _identifiers[folder].Length + (_identifiers[folder].Length & 1));
        PathTable = next;
        next += 2 * PathTableSectors;
        foreach (var folder in folders)
        {
            var size = IsoImage.Sector;
            var filled = 0;
            foreach (var record in RecordsOf(folder))
                filled = Advance(filled, record.Length, ref size);
            _places[folder] = (next, size);
            next += size / IsoImage.Sector;
        }
    }

    public IsoNaming Naming { get; }

    public int PathTable { get; }

    public int PathTableLength { get; }

    public int PathTableSectors => IsoImage.Sectors(PathTableLength);

    /// <summary>The record of the root that a volume descriptor holds.</summary>
    public void WriteRoot(Span<byte> at) => Record([0], _places[_folders[0]], IsFolder, []).CopyTo(at);

    public void Write(byte[] image)
    {
        WritePathTable(image.AsSpan(PathTable * IsoImage.Sector), littleEndian: true);
        WritePathTable(image.AsSpan((PathTable + PathTableSectors) * IsoImage.Sector), littleEndian: false);
        foreach (var folder in _folders)
        {
            var (sector, size) = _places[folder];
            var area = image.AsSpan(sector * IsoImage.Sector, size);
            var filled = 0;
            foreach (var record in RecordsOf(folder))
            {
                filled = Advance(filled, record.Length, ref size);
                record.CopyTo(area[(filled - record.Length)..]);
            }
        }
    }

    // No record crosses the border of a sector.
    private static int Advance(int filled, int length, ref int size)
    {
        if (filled % IsoImage.Sector + length > IsoImage.Sector)
            filled = (filled / IsoImage.Sector + 1) * IsoImage.Sector;
        size = Math.Max(size, IsoImage.Sectors(filled + length) * IsoImage.Sector);
        return filled + length;
    }

    private void WritePathTable(Span<byte> at, bool littleEndian)
    {
        for (var i = 0; i < _folders.Count; i++)
        {
            var (folder, identifier) = (_folders[i], _identifiers[_folders[i]]);
            var parent = (short)(Enumerable.Range(0, _folders.Count).First(index => ReferenceEquals(_folders[index], folder.Parent)) + 1);
            at[0] = (byte)identifier.Length;
            if (littleEndian)
            {
                BinaryPrimitives.WriteInt32LittleEndian(at[2..], _places[folder].Sector);
                BinaryPrimitives.WriteInt16LittleEndian(at[6..], parent);
            }
            else
            {
                BinaryPrimitives.WriteInt32BigEndian(at[2..], _places[folder].Sector);
                BinaryPrimitives.WriteInt16BigEndian(at[6..], parent);
            }

            identifier.CopyTo(at[8..]);
            at = at[(8 + identifier.Length + (identifier.Length & 1))..];
        }
    }

    // Places are not known yet while sizes are asked for; the lengths do not depend on them.
    private IEnumerable<byte[]> RecordsOf(IsoFolder folder)
    {
        yield return Record([0], PlaceOf(folder), IsFolder, Naming.Extension("", true, ReferenceEquals(folder, _folders[0])));
        yield return Record([1], PlaceOf(folder.Parent), IsFolder, Naming.Extension("", true, false));
        var index = folder.Folders.Count;
        var below = folder.Folders.Select(one => (one.Name, Bytes: Record(_identifiers[one], PlaceOf(one), IsFolder, Naming.Extension(one.Name, true, false))));
        var files = folder.Files.Select(file => (file.Name, Bytes: Record(
            Naming.Identifier(file.Name, index++, false), (file.Sector, file.Content.Length), 0, Naming.Extension(file.Name, false, false))));
        foreach (var (_, bytes) in Naming.IsJoliet ? below.Concat(files).OrderBy(entry => entry.Name, StringComparer.Ordinal) : below.Concat(files))
            yield return bytes;
    }

    private (int Sector, int Size) PlaceOf(IsoFolder folder) => _places.GetValueOrDefault(folder);

    // ECMA-119 §9.1. The date is the first of January 1970.
    private static byte[] Record(byte[] identifier, (int Sector, int Size) place, byte flags, byte[] extension)
    {
        var fields = 33 + identifier.Length + (~identifier.Length & 1);
        var record = new byte[fields + extension.Length + ((fields + extension.Length) & 1)];
        record[0] = (byte)record.Length;
        IsoImage.Both(record.AsSpan(2), place.Sector);
        IsoImage.Both(record.AsSpan(10), place.Size);
        (record[18], record[19], record[20]) = (70, 1, 1);
        record[25] = flags;
        IsoImage.BothShort(record.AsSpan(28), 1);
        record[32] = (byte)identifier.Length;
        identifier.CopyTo(record, 33);
        extension.CopyTo(record, fields);
        return record;
    }
}
