using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Reads a journal back, and takes nothing that is not whole.</summary>
internal static class JournalReader
{
    private const int ChecksumLength = 16;

    /// <exception cref="InvalidDataException">The file is cut off or damaged; the message names it and the place.</exception>
    public static JournalContents Read(string path, string format)
    {
        ReadOnlyMemory<byte> rest = File.ReadAllBytes(path);
        var length = rest.Length;
        if (length == 0)
            throw new InvalidDataException($"{path}: is empty");
        var objects = new Dictionary<(string Resource, ObjectKey Key), StoredObject>();
        var revision = 0UL;
        while (!rest.IsEmpty)
        {
            var place = length - rest.Length;
            var end = rest.Span.IndexOf((byte)'\n');
            if (end < 0)
                throw new InvalidDataException($"{path}: cut off: the line at byte {place} has no end");
            var entry = Entry(rest[..end], path, place);
            if (place == 0 && entry.TextAt("format") != format)
                throw new InvalidDataException($"{path}: is no \"{format}\", it begins with {JsonTree.Text(entry)}");
            revision = Math.Max(revision, (ulong)(entry.NumberAt("revision") ?? throw new InvalidDataException($"{path}: the line at byte {place} has no revision")));
            if (place > 0)
                Take(entry, objects, path, place);
            rest = rest[(end + 1)..];
        }
        return new JournalContents([.. objects.Select(o => (o.Key.Resource, o.Value))], revision);
    }

    private static void Take(JsonObject entry, Dictionary<(string, ObjectKey), StoredObject> objects, string path, int place)
    {
        var resource = entry.TextAt("resource") ?? throw new InvalidDataException($"{path}: the line at byte {place} names no resource");
        if (entry["object"] is JsonObject tree)
        {
            var item = StoredObject.From(tree.Clone(), (ulong)entry.NumberAt("revision")!);
            objects[(resource, item.Key)] = item;
        }
        else
        {
            objects.Remove((resource, new ObjectKey(entry.TextAt("namespace") ?? "", entry.TextAt("name") ?? "")));
        }
    }

    private static JsonObject Entry(ReadOnlyMemory<byte> line, string path, int place)
    {
        if (line.Length <= ChecksumLength || Encoding.ASCII.GetString(line[..ChecksumLength].Span) != Journal.Checksum(line[(ChecksumLength + 1)..].Span))
            throw new InvalidDataException($"{path}: damaged: the line at byte {place} does not have the checksum it begins with");
        try
        {
            return JsonTree.ParseObject(line[(ChecksumLength + 1)..]);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: damaged: the line at byte {place}: {e.Message}", e);
        }
    }
}
