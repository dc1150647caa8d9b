using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Networks;

/// <summary>
/// The DELs that the CNI plugin could not deliver because the node service was down: one file each (see cni/README.md). They are carried
/// out once the node listens and every few seconds from then on; an entry goes away when its Detach has succeeded.
/// </summary>
internal sealed class Journal(NodeOptions options, PodNetworks pods, TimeProvider time, ILogger<Journal> log) : IAsyncDisposable
{
    private const string Entry = ".json", Unreadable = ".unreadable";
    private const int LongestEntry = 64 * 1024;

    // What a Detach waits for are the kernel's grace periods, and these pass for all at once.
    private const int Abreast = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5), Unfinished = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))]; // an entry is read, carried out and deleted inside one
    private readonly ConcurrentDictionary<string, string> _complaints = new();
    private Task _living = Task.CompletedTask;

    public void Start() => _living = Task.Run(() => LiveAsync(_stop.Token));

    /// <summary>
    /// Carries out what is journalled for one attachment, before it is made again: an entry that is older than an ADD must not undo it.
    /// </summary>
    /// <exception cref="RefusedException">It cannot be carried out now.</exception>
    public async Task SettleAsync(AttachmentKey key)
    {
        var name = $"{key.Network}:{key.ContainerId}:{key.InterfaceName}{Entry}";
        var path = Path.Combine(options.Journal, name);
        // The plugin's keys have no slashes; other callers' keys are not in the journal.
        if (name.Contains('/') || !File.Exists(path))
            return;
        await WorkOffAsync(path);
        if (File.Exists(path))
            throw new RefusedException(Refusal.Later, $"{key} is still to be detached, as {path} says: {_complaints.GetValueOrDefault(path)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _living;
        _stop.Dispose();
    }

    private async Task LiveAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                await WorkOffAllAsync(ct);
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    private async Task WorkOffAllAsync(CancellationToken ct)
    {
        try
        {
            if (!Directory.Exists(options.Journal))
                return;
            var files = Directory.GetFiles(options.Journal);
            await Parallel.ForEachAsync(
                files.Where(path => path.EndsWith(Entry, StringComparison.Ordinal)), new ParallelOptions { MaxDegreeOfParallelism = Abreast, CancellationToken = ct },
                async (path, _) => await WorkOffAsync(path));
            foreach (var path in files.Where(IsAbandoned))
                File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Complain(options.Journal, failure.Message);
        }
    }

    private async Task WorkOffAsync(string path)
    {
        var gate = _gates[(uint)path.GetHashCode(StringComparison.Ordinal) % _gates.Length];
        await gate.WaitAsync();
        try
        {
            // The plugin delivers an entry itself and takes it back if it finds the node after all.
            if (!File.Exists(path))
                return;
            var (key, space) = Read(path);
            await pods.DetachAsync(key, space);
            File.Delete(path);
            _complaints.TryRemove(path, out _);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            Complain(path, broken.Message);
            File.Move(path, path + Unreadable, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or RefusedException or UnauthorizedAccessException)
        {
            Complain(path, failure.Message);
        }
        finally
        {
            gate.Release();
        }
    }

    // Every few seconds the same line would hide the others.
    private void Complain(string path, string reason)
    {
        if (_complaints.TryGetValue(path, out var said) && said == reason)
            return;
        _complaints[path] = reason;
        Log.JournalEntryFailed(log, path, reason);
    }

    // Of a plugin that was killed while it wrote.
    private bool IsAbandoned(string path) =>
        !path.EndsWith(Entry, StringComparison.Ordinal) && !path.EndsWith(Unreadable, StringComparison.Ordinal)
        && time.GetUtcNow() - File.GetLastWriteTimeUtc(path) > Unfinished;

    private static (AttachmentKey Key, string Namespace) Read(string path)
    {
        if (new FileInfo(path).Length > LongestEntry)
            throw new JsonException($"longer than {LongestEntry} bytes");
        using var entry = JsonDocument.Parse(File.ReadAllBytes(path));
        return (new AttachmentKey(Required(entry, "network"), Required(entry, "containerId"), Required(entry, "interface")), Text(entry, "netns"));
    }

    private static string Required(JsonDocument entry, string name) =>
        Text(entry, name) is { Length: > 0 } text ? text : throw new JsonException($"{name} is missing");

    private static string Text(JsonDocument entry, string name) =>
        entry.RootElement.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
