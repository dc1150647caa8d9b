using System.Text.RegularExpressions;

namespace Migration.Testing;

/// <summary>The test guest of <c>scripts/guest</c>: where its files are, and what it said on its console.</summary>
public sealed partial class Guest(string consolePath)
{
    /// <summary>A guest boots in two to three seconds on an idle machine; ours is shared.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public static string Kernel => BootFile("vmlinuz");

    public static string Initrd => BootFile("initrd.gz");

    /// <summary>The image of a disk that boots without a system, see scripts/guest-image/disk.S.</summary>
    public static string BootableDisk => BootFile("../disk/disk.img");

    /// <summary>
    /// Kernel arguments of a guest whose console is the first serial port. On a busy host an emulated timer may come too late for the kernel's
    /// test of it, which then panics ("IO-APIC + timer doesn't work"): no_timer_check.
    /// </summary>
    public static string Arguments(string more = "") => $"console=ttyS0 quiet panic=-1 reboot=t no_timer_check {more}".TrimEnd();

    public string Console => File.Exists(consolePath) ? File.ReadAllText(consolePath) : "";

    /// <summary>The last heartbeat; 0 before the first.</summary>
    public int Ticks => Tick().Matches(Console) is [.., var last] ? int.Parse(last.Groups[1].Value) : 0;

    /// <summary>Waits for a text on the console. Not seeing it within the limit is an exception that holds the console.</summary>
    public Task<string> WaitForAsync(string text, CancellationToken ct) =>
        WaitAsync(() => Console.Contains(text, StringComparison.Ordinal), $"\"{text}\"", ct);

    /// <summary>Waits until the guest has lived on for some heartbeats.</summary>
    public Task<string> WaitForTicksAsync(int count, CancellationToken ct)
    {
        var goal = Ticks + count;
        return WaitAsync(() => Ticks >= goal, $"TICK {goal}", ct);
    }

    private async Task<string> WaitAsync(Func<bool> seen, string what, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        try
        {
            while (!seen())
                await Task.Delay(Look, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"{what} was not seen on the console within {Limit.TotalSeconds} s:\n{Console}");
        }

        return Console;
    }

    private static string BootFile(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Migration.sln")))
            folder = folder.Parent;
        var path = Path.Combine(folder?.FullName ?? "", "out/guest/boot", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run scripts/guest");
    }

    [GeneratedRegex(@"^TICK (\d+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Tick();
}
