using System.Text.Json;
using Microsoft.Extensions.Logging;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Networks;

/// <summary>
/// The DELs that the CNI plugin could not deliver because the node service was down. They are carried out at the start and every few
/// seconds; an entry goes away only when its Detach has succeeded.
/// </summary>
internal sealed class Journal(NodeOptions options, PodNetworks pods, TimeProvider time, ILogger<Journal> log) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stop = new();
    private Task _living = Task.CompletedTask;

    public void Start() => _living = LiveAsync(_stop.Token);

    public async Task WorkOffAsync()
    {
        if (!Directory.Exists(options.Journal))
            return;
        foreach (var path in Directory.EnumerateFiles(options.Journal, "*.json").Order(StringComparer.Ordinal).ToList())
            await WorkOffAsync(path);
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
            while (await timer.WaitForNextTickAsync(ct))
                await WorkOffAsync();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    private async Task WorkOffAsync(string path)
    {
        try
        {
            using var entry = JsonDocument.Parse(File.ReadAllBytes(path));
            var key = new AttachmentKey(Text(entry, "network"), Text(entry, "containerId"), Text(entry, "interface"));
            await pods.DetachAsync(key, Text(entry, "netns"));
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or JsonException or RefusedException or UnauthorizedAccessException)
        {
            Log.JournalEntryFailed(log, path, failure.Message);
        }
    }

    private static string Text(JsonDocument entry, string name) =>
        entry.RootElement.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
