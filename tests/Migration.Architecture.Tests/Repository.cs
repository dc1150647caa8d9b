using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Migration.Architecture.Tests;

/// <summary>The checkout these tests were built from, read as files.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Projects() =>
        new[] { "src", "cni", "protos", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories));

    public static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    /// <summary>What a project names as its references, by short name ("Grpc" for Migration.Grpc).</summary>
    public static IReadOnlyList<string> References(string project) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => ShortName(reference.Attribute("Include")!.Value))
            .ToList();

    public static IReadOnlyList<string> Packages(string project) =>
        XDocument.Load(project).Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value).ToList();

    public static string ShortName(string projectPath)
    {
        var name = Path.GetFileNameWithoutExtension(projectPath.Replace('\\', '/'));
        return name.StartsWith("Migration.", StringComparison.Ordinal) ? name["Migration.".Length..] : name;
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        var folder = Path.GetDirectoryName(thisFile);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Migration.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException($"No Migration.sln above {thisFile}");
    }
}
