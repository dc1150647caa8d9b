namespace Migration.Linux;

/// <summary>The mount that lets namespaces pinned in one mount namespace be seen in all others, laid out as iproute2 does it.</summary>
internal static class NamespaceMounts
{
    /// <summary>Creates the directory; <see cref="NetworkNamespace.Directory"/> also becomes a shared mount.</summary>
    public static void PrepareDirectory(string directory)
    {
        Directory.CreateDirectory(directory);
        if (directory is not (NetworkNamespace.Directory or "/var/run/netns"))
            return;

        // Two first-comers would stack two mounts and hide each other's namespaces; iproute2 takes the same lock.
        using var gate = FileDescriptor.OpenWith(directory, LibC.O_DIRECTORY);
        LibC.Lock(gate, LibC.LOCK_EX).OrThrow($"lock {directory}");
        var shared = LibC.Mount("", directory, "none", LibC.MS_SHARED | LibC.MS_REC, 0);
        if (!shared.Failed)
            return;

        // EINVAL: not a mount point yet. Bind it onto itself first.
        if (shared.Errno != Errno.EINVAL)
            shared.OrThrow($"share {directory}");
        LibC.Mount(directory, directory, "none", LibC.MS_BIND | LibC.MS_REC, 0).OrThrow($"bind {directory}");
        LibC.Mount("", directory, "none", LibC.MS_SHARED | LibC.MS_REC, 0).OrThrow($"share {directory}");
    }
}
