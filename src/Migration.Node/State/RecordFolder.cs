using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Migration.Linux;

namespace Migration.Node.State;

/// <summary>A folder of records of one type, each in <c>id.json</c>, written whole and durably or not at all.</summary>
internal sealed class RecordFolder<T>(string folder, JsonTypeInfo<T> type, ILogger log)
    where T : class
{
    private const string Extension = ".json";
    private const long LeastRoom = 256 * 1024;

    /// <summary>Why nothing can be saved; null when it can.</summary>
    public string? Obstacle => !Directory.Exists(folder) ? $"{folder} is gone"
        : new DriveInfo(folder).AvailableFreeSpace < LeastRoom ? $"the disk of {folder} is full"
        : null;

    public void Save(string id, T record) => AtomicFile.Write(PathOf(id), JsonSerializer.SerializeToUtf8Bytes(record, type));

    public void Delete(string id) => AtomicFile.Delete(PathOf(id));

    /// <summary>Every record that can be read. One that cannot is set aside with a complaint, and not in the way again.</summary>
    public IReadOnlyList<(string Id, T Record)> Load()
    {
        var records = new List<(string, T)>();
        foreach (var path in Directory.EnumerateFiles(folder, "*" + Extension).Order(StringComparer.Ordinal).ToList())
        {
            if (Path.GetFileName(path).StartsWith('.'))
                continue;
            try
            {
                records.Add((Path.GetFileNameWithoutExtension(path), JsonSerializer.Deserialize(File.ReadAllBytes(path), type)!));
            }
            catch (JsonException broken)
            {
                Log.RecordUnreadable(log, path, broken.Message);
                File.Move(path, path + ".unreadable", overwrite: true);
            }
        }

        return records;
    }

    private string PathOf(string id) => Path.Combine(folder, Identifier.Checked(id, "id") + Extension);
}
