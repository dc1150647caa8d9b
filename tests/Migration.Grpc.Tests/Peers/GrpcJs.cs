using Migration.Testing;

namespace Migration.Grpc.Tests;

/// <summary>grpc-js, installed once into the repository's out folder, exactly as its lock file says; and our peers beside it.</summary>
public sealed class GrpcJs : IAsyncLifetime
{
    private static readonly string Sources = Path.Combine(AppContext.BaseDirectory, "js");

    public string Folder { get; } = Path.Combine(RepositoryRoot(), "out", "grpc-js");

    public string Protos { get; } = Path.Combine(AppContext.BaseDirectory, "protos");

    /// <summary>A server that all tests share.</summary>
    internal ForeignPeer Server { get; private set; } = null!;

    public string Script(string name) => Path.Combine(Folder, name);

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Folder);
        var lockFile = Path.Combine(Sources, "package-lock.json");
        var installed = Path.Combine(Folder, "installed");
        if (!File.Exists(installed) || await File.ReadAllTextAsync(installed) != await File.ReadAllTextAsync(lockFile))
        {
            CopySources();
            await Shell.RunAsync("npm", "ci", "--prefix", Folder, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error");
            File.Copy(lockFile, installed, overwrite: true);
        }
        CopySources();
        Server = await StartServerAsync();
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    internal Task<ForeignPeer> StartServerAsync(params string[] arguments) =>
        ForeignPeer.StartAsync("node", [Script("server.js"), "--protos", Protos, .. arguments]);

    private void CopySources()
    {
        foreach (var file in Directory.GetFiles(Sources)) File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)), overwrite: true);
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Migration.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository.");
        }
        return folder.FullName;
    }
}
