namespace Migration.Node.Networks.Delegates;

/// <summary>The versions of the CNI specification, and what came with which.</summary>
internal static class CniVersions
{
    /// <summary>DEL is given the result of ADD, and there is CHECK.</summary>
    public const string WithCheck = "0.4.0";

    /// <summary>There are GC and STATUS.</summary>
    public const string WithStatus = "1.1.0";

    /// <summary>What a configuration means that names none.</summary>
    public const string Oldest = "0.1.0";

    private static readonly string[] Known = [Oldest, "0.2.0", "0.3.0", "0.3.1", WithCheck, "1.0.0", WithStatus];

    /// <summary>The newest of these that is known here; null if none is.</summary>
    public static string? Newest(IEnumerable<string> versions) => versions.Where(Known.Contains).MaxBy(version => Array.IndexOf(Known, version));

    public static bool IsAtLeast(string version, string first) => Array.IndexOf(Known, version) >= Array.IndexOf(Known, first);

    public static string All => string.Join(", ", Known);
}
