using System.Text;

namespace Migration.Linux;

/// <summary>Kernel parameters of a namespace, by their path under /proc/sys: <c>net/ipv4/conf/eth0/arp_ignore</c>.</summary>
public static class Sysctl
{
    public static string Read(NetworkNamespace space, string key)
    {
        using var file = space.OpenFile(PathOf(key));
        return file.ReadText().TrimEnd('\n');
    }

    /// <summary>Null where this kernel or this interface has no such parameter.</summary>
    public static string? TryRead(NetworkNamespace space, string key)
    {
        try
        {
            return Read(space, key);
        }
        catch (LinuxException exception) when (exception.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    public static void Write(NetworkNamespace space, string key, string value)
    {
        using var file = space.OpenFile(PathOf(key), FileAccess.Write);
        try
        {
            file.Write(Encoding.UTF8.GetBytes(value));
        }
        catch (LinuxException exception)
        {
            throw new LinuxException($"set {key} to {value}", exception.Errno);
        }

        KernelChange.Made($"set {key} to {value}");
    }

    // Slashes, not dots: interface names may contain dots, and never slashes.
    private static string PathOf(string key) =>
        key.StartsWith('/') || key.Split('/').Any(part => part is "" or "." or "..")
            ? throw new ArgumentException($"not a kernel parameter: {key}", nameof(key))
            : $"/proc/sys/{key}";
}
