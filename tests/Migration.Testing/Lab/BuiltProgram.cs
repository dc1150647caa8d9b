namespace Migration.Testing.Lab;

/// <summary>The product's programs as they were built: beside the test (referenced projects) or in out/bin.</summary>
public static class BuiltProgram
{
    public static string Path(string name)
    {
        var beside = System.IO.Path.Combine(AppContext.BaseDirectory, name);
        if (File.Exists(beside))
            return beside;
        var built = System.IO.Path.Combine(Root, "out/bin", name);
        return File.Exists(built) ? built : throw new FileNotFoundException($"{name} is neither beside the test nor in out/bin: run scripts/build");
    }

    /// <summary>The repository's folder.</summary>
    public static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Migration.sln")))
                folder = folder.Parent;
            return folder?.FullName ?? throw new FileNotFoundException("the test does not run inside the repository");
        }
    }
}
