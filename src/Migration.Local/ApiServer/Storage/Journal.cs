using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Migration.Linux;

namespace Migration.Local.ApiServer;

/// <summary>
/// The store on disk: one file of lines, first what there was when it was last rewritten, then every change since. A line is a checksum and a JSON
/// object; the first says the format and the revision. A change is written before anybody hears of it. It is in the kernel's hands then, which is
/// enough for a server that is killed; the rewritten file is synced and renamed into place, so a crash of the machine leaves one or the other.
/// </summary>
internal sealed class Journal : IDisposable
{
    public const string FileName = "objects.log";
    private const string Format = "migration objects 1";

    /// <summary>Changes that may follow what the file began with, before it is written anew.</summary>
    private const int LongestTail = 2000;

    private readonly string _path;
    private FileStream _file;
    private int _tail;

    private Journal(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Opens the directory's journal, a new one when it has none.</summary>
    /// <returns>The journal, the objects it holds, and the revision of its last change.</returns>
    /// <exception cref="InvalidDataException">The file is cut off or damaged; the message names it and the place.</exception>
    public static (Journal Journal, IReadOnlyList<(string Resource, StoredObject Object)> Objects, ulong Revision) Open(string directory)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, FileName);
        var contents = File.Exists(path) ? JournalReader.Read(path, Format) : new JournalContents([], 1);
        var journal = new Journal(path, Rewrite(path, contents.Objects, contents.Revision));
        return (journal, contents.Objects, contents.Revision);
    }

    /// <summary>Whether so much was appended that the file should be written anew.</summary>
    public bool IsOvergrown => _tail >= LongestTail;

    /// <summary>Writes a change down. When that fails the file is as it was, and the change must not happen.</summary>
    public void Append(Change change)
    {
        var end = _file.Position;
        try
        {
            _file.Write(Line(change.Removed ? Removal(change) : Presence(change.Resource, change.After)));
            _file.Flush();
            _tail++;
        }
        catch (IOException)
        {
            _file.SetLength(end);
            _file.Position = end;
            throw;
        }
    }

    /// <summary>Writes the file anew, with these objects and nothing else.</summary>
    public void Compact(IEnumerable<(string Resource, StoredObject Object)> objects, ulong revision)
    {
        var fresh = Rewrite(_path, objects, revision);
        _file.Dispose();
        _file = fresh;
        _tail = 0;
    }

    public void Dispose()
    {
        _file.Flush(flushToDisk: true);
        _file.Dispose();
    }

    private static FileStream Rewrite(string path, IEnumerable<(string Resource, StoredObject Object)> objects, ulong revision)
    {
        using var text = new MemoryStream();
        text.Write(Line(new JsonObject { ["format"] = Format, ["revision"] = revision }));
        foreach (var (resource, item) in objects)
            text.Write(Line(Presence(resource, item)));
        AtomicFile.Write(path, text.GetBuffer().AsSpan(0, (int)text.Length));
        var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read);
        file.Seek(0, SeekOrigin.End);
        return file;
    }

    private static JsonObject Presence(string resource, StoredObject item) =>
        new() { ["resource"] = resource, ["revision"] = item.Revision, ["object"] = item.ToTree() };

    private static JsonObject Removal(Change change) => new()
    {
        ["resource"] = change.Resource, ["revision"] = change.Revision, ["namespace"] = change.After.Namespace, ["name"] = change.After.Name,
    };

    private static byte[] Line(JsonObject entry)
    {
        var json = JsonTree.Serialize(entry);
        return [.. Encoding.ASCII.GetBytes(Checksum(json)), (byte)' ', .. json, (byte)'\n'];
    }

    internal static string Checksum(ReadOnlySpan<byte> json) => Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 8));
}
