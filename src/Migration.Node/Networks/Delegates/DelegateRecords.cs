using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Node.State;

namespace Migration.Node.Networks.Delegates;

/// <summary>The delegates of this node, on disk in files that libcni would find: one per attachment, whole or not at all.</summary>
internal sealed class DelegateRecords(string folder, ILogger log)
{
    private readonly ConcurrentDictionary<AttachmentKey, DelegateRecord> _records = new();

    public void Load()
    {
        foreach (var path in Directory.EnumerateFiles(folder).Where(path => Path.GetFileName(path)[0] != '.').Order(StringComparer.Ordinal).ToList())
        {
            try
            {
                var record = JsonSerializer.Deserialize(File.ReadAllBytes(path), NodeJson.Default.DelegateRecord)!;
                _records[record.Key] = record;
            }
            catch (JsonException broken)
            {
                Log.RecordUnreadable(log, path, broken.Message);
                File.Move(path, Path.Combine(folder, $".{Path.GetFileName(path)}.unreadable"), overwrite: true);
            }
        }
    }

    public IReadOnlyList<DelegateRecord> All() => [.. _records.Values.OrderBy(record => record.Order)];

    public IReadOnlyList<DelegateRecord> Of(AttachmentKey primary) => [.. All().Where(record => record.Primary == primary)];

    public DelegateRecord? Find(string containerId, string interfaceName) =>
        _records.Values.FirstOrDefault(record => record.ContainerId == containerId && record.InterfaceName == interfaceName);

    public void Save(DelegateRecord record)
    {
        AtomicFile.Write(Path.Combine(folder, record.FileName), JsonSerializer.SerializeToUtf8Bytes(record, NodeJson.Default.DelegateRecord));
        _records[record.Key] = record;
    }

    public void Delete(DelegateRecord record)
    {
        AtomicFile.Delete(Path.Combine(folder, record.FileName));
        _records.TryRemove(record.Key, out _);
    }
}
