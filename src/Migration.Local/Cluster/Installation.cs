namespace Migration.Local.Cluster;

/// <summary>Where this checkout's programs, guest files and manifests are: found from where <c>migration</c> itself is.</summary>
public static class Installation
{
    public static string Programs { get; } = FindPrograms();
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Programs, "../.."));
    public static string Guest => Path.Combine(Root, "out/guest");
    public static string Crds => Path.Combine(Root, "deploy/crds");
    public static string ControllersRights => Path.Combine(Root, "deploy/controllers/rbac.yaml");
    public static IReadOnlyList<string> CniPlugins { get; } = [Programs, "/usr/lib/cni", "/opt/cni/bin"];

    public static string Program(string name)
    {
        var path = Path.Combine(Programs, name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built: run make build");
    }

    /// <summary>out/bin, whether <c>migration</c> runs from there or a test runs it from its own folder.</summary>
    private static string FindPrograms()
    {
        for (var folder = AppContext.BaseDirectory.TrimEnd('/'); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Migration.sln")))
                return Path.Combine(folder, "out/bin");
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside a checkout of the project");
    }
}
