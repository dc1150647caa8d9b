namespace Migration.Linux;

/// <summary>Symbolic links that others are following while they are changed.</summary>
public static class SymbolicLink
{
    /// <summary>
    /// Makes the link, or points one that is there somewhere else, in one step. (.NET does not move a link that leads to a directory.)
    /// </summary>
    public static void Point(string path, string target)
    {
        var next = path + ".next";
        File.Delete(next);
        File.CreateSymbolicLink(next, target);
        LibC.Rename(next, path).OrThrow($"point link {path} to {target}");
    }
}
