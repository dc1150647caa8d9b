namespace Migration.Cni;

/// <summary>What the specification allows as a network's name and as a container id.</summary>
internal static class Name
{
    public static bool IsValid(string name)
    {
        if (name.Length == 0 || !char.IsAsciiLetterOrDigit(name[0])) return false;
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-')) return false;
        return true;
    }
}
