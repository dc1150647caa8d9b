using System.Globalization;
using System.Text.RegularExpressions;
using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.EndToEnd.Tests;

/// <summary>
/// What a guest wrote to its serial console on every node it was on. The guest counts aloud, once a second: a number that stands
/// twice means that the guest ran twice.
/// </summary>
internal sealed partial class GuestJournal(EmbeddedCluster cluster) : IDisposable
{
    private readonly Dictionary<string, FileStream> _consoles = [];

    /// <summary>Opens the consoles of pods that are new: an open file outlives its pod.</summary>
    public void Follow(IEnumerable<Pod> pods)
    {
        foreach (var pod in pods.Where(pod => !_consoles.ContainsKey(pod.Metadata.Uid!)))
        {
            if (cluster.LogFileOf(pod.Metadata.Namespace!, pod.Metadata.Name!, "compute") is { } file && File.Exists(file))
                _consoles.Add(pod.Metadata.Uid!, new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
    }

    /// <summary>Every count, pod by pod.</summary>
    public IReadOnlyList<int> Counts() => [.. _consoles.Values.SelectMany(CountsIn)];

    public int Last() => Counts().DefaultIfEmpty(0).Max();

    /// <summary>What this pod's guest wrote.</summary>
    public string Of(Pod pod) => _consoles.TryGetValue(pod.Metadata.Uid!, out var console) ? Read(console) : "";

    public string Text() => string.Join("\n----\n", _consoles.Values.Select(Read));

    public void Dispose()
    {
        foreach (var console in _consoles.Values)
            console.Dispose();
    }

    private static IEnumerable<int> CountsIn(FileStream console) =>
        Tick().Matches(Read(console)).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    private static string Read(FileStream console)
    {
        console.Position = 0;
        using var reader = new StreamReader(console, leaveOpen: true);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"TICK (\d+)")]
    private static partial Regex Tick();
}
