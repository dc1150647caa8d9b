namespace Migration.Local.Cluster;

/// <summary>What an embedded cluster is to be.</summary>
public sealed record ClusterOptions(string Name)
{
    public int Nodes { get; init; } = 2;

    /// <summary>tcg, kvm or auto. Software emulation works everywhere, and is what the guest's tests are timed for.</summary>
    public string Accelerator { get; init; } = "tcg";

    /// <summary>Where the cluster's objects and its authority are kept, also for the next run of this name; null keeps them nowhere.</summary>
    public string? State { get; init; }

    /// <summary>Goes on with what the last run kept in <see cref="State"/>; else it is forgotten at the start.</summary>
    public bool Keep { get; init; }

    /// <summary>Images beyond those every cluster knows.</summary>
    public IReadOnlyDictionary<string, string> Images { get; init; } = new Dictionary<string, string>();

    /// <exception cref="ArgumentException">An image is not NAME=DIRECTORY, or the directory is missing.</exception>
    public static ClusterOptions Parse(string name, int nodes, string accelerator, IEnumerable<string> images) =>
        new(name) { Nodes = nodes, Accelerator = accelerator, Images = images.Select(ParseImage).ToDictionary() };

    private static KeyValuePair<string, string> ParseImage(string text)
    {
        if (text.IndexOf('=') is not (> 0 and var split))
            throw new ArgumentException($"--image {text}: must be NAME=DIRECTORY");
        var directory = Path.GetFullPath(text[(split + 1)..]);
        return Directory.Exists(directory)
            ? new KeyValuePair<string, string>(text[..split], directory)
            : throw new ArgumentException($"--image {text}: there is no directory {directory}");
    }
}
