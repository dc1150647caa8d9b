using System.Text.Json;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Testing;

/// <summary>
/// A named network namespace of one test, gone when disposed. Its name tells the process (<c>mt4711-1-a</c>), so that what a killed
/// test run left behind is found and removed by the next one.
/// </summary>
public sealed class TestNamespace : IDisposable
{
    private const string Prefix = "mt";

    private static readonly Lazy<bool> LeftoversRemoved = new(RemoveLeftovers);
    private static int _count;

    private TestNamespace(string name, NetworkNamespace space)
    {
        Name = name;
        Space = space;
    }

    /// <summary>For <c>ip -n</c>.</summary>
    public string Name { get; }

    public string Path => PathOf(Name);

    public NetworkNamespace Space { get; }

    public static TestNamespace Create(string suffix)
    {
        _ = LeftoversRemoved.Value;
        var name = $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}-{suffix}";
        return new TestNamespace(name, NetworkNamespace.Create(PathOf(name)));
    }

    /// <summary><c>ip -n NAME …</c>; words separated by single spaces.</summary>
    public Task<string> IpAsync(string arguments) => Shell.RunLineAsync($"ip -n {Name} {arguments}");

    /// <summary><c>ip -n NAME -d -s -j …</c>, parsed: an array as a rule.</summary>
    public Task<JsonElement> IpJsonAsync(string arguments) => JsonAsync($"ip -n {Name} -d -s -j {arguments}");

    /// <summary><c>bridge -n NAME -d -j …</c>, parsed.</summary>
    public Task<JsonElement> BridgeJsonAsync(string arguments) => JsonAsync($"bridge -n {Name} -d -j {arguments}");

    /// <summary><c>tc -n NAME -s -j …</c>, parsed.</summary>
    public Task<JsonElement> TcJsonAsync(string arguments) => JsonAsync($"tc -n {Name} -s -j {arguments}");

    /// <summary><c>nft -j list ruleset</c>, parsed: what there is, without nft's own heading.</summary>
    public async Task<IReadOnlyList<JsonElement>> NftJsonAsync() =>
        [.. (await JsonAsync($"ip netns exec {Name} nft -j list ruleset")).GetProperty("nftables").EnumerateArray().Where(one => !one.TryGetProperty("metainfo", out _))];

    /// <summary>Runs a program inside: <c>ip netns exec NAME …</c>.</summary>
    public Task<string> ExecuteAsync(string line) => Shell.RunLineAsync($"ip netns exec {Name} {line}");

    /// <summary>
    /// Waits until a link carries frames. The kernel notices a carrier in the background; what is sent before is dropped silently.
    /// </summary>
    public void WaitUntilUp(string link)
    {
        using var monitor = LinkMonitor.Open(Space);
        using var poller = new Poller();
        using var watch = poller.Watch(monitor.Descriptor, () => monitor.Read(_ => { }, () => { }));
        using var route = RouteClient.Open(Space);
        while (route.GetLink(link).State != OperationalState.Up)
        {
            if (!poller.Wait(Shell.Limit))
                throw new TimeoutException($"{link} in {Name} does not come up");
        }
    }

    public void Dispose()
    {
        Space.Dispose();
        NetworkNamespace.Delete(Path);
    }

    private static async Task<JsonElement> JsonAsync(string line)
    {
        var output = await Shell.RunLineAsync(line);
        return JsonDocument.Parse(string.IsNullOrWhiteSpace(output) ? "[]" : output).RootElement;
    }

    private static string PathOf(string name) => System.IO.Path.Combine(NetworkNamespace.Directory, name);

    private static bool RemoveLeftovers()
    {
        if (!Directory.Exists(NetworkNamespace.Directory))
            return false;
        foreach (var path in Directory.EnumerateFiles(NetworkNamespace.Directory, Prefix + "*"))
        {
            var owner = System.IO.Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, out var pid) && !Directory.Exists($"/proc/{pid}"))
                NetworkNamespace.Delete(path);
        }

        return true;
    }
}
