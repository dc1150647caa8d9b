namespace Migration.Local.Cluster;

/// <summary>A CNI plugin refused. Code 11 means: the same call may succeed later.</summary>
public sealed class CniException(string plugin, string command, int code, string message)
    : Exception($"CNI {command} by {plugin}: {message} (code {code})")
{
    public int Code => code;
}
