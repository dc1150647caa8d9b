namespace Migration.Node.Machines;

/// <summary>
/// The launcher pod's emptyDir: what is <c>/run/migration-launcher</c> inside is reached from the host below the kubelet's
/// directory. Every path here exists twice, inside and outside.
/// </summary>
internal sealed record PodFolder(string KubeletRoot, string PodUid)
{
    private const string Inside = "/run/migration-launcher";
    private const string Volumes = "/run/migration-volumes";

    public string Outside => Path.Combine(KubeletRoot, "pods", PodUid, "volumes", "kubernetes.io~empty-dir", "sockets");

    public string LauncherSocket => Path.Combine(Outside, "launcher.sock");

    public string QmpSocket => Path.Combine(Outside, "qmp.sock");

    public string QmpSocketInside => $"{Inside}/qmp.sock";

    public bool Exists => Directory.Exists(Outside);

    public string SocketOutside(string name) => Path.Combine(Outside, name);

    public static string SocketInside(string name) => $"{Inside}/{name}";

    /// <summary>A pod volume as QEMU sees it.</summary>
    public static string Volume(string volume) => $"{Volumes}/{volume}";

    /// <summary>A file of a pod volume, as QEMU sees it; a path that leads out of the volume is refused.</summary>
    public static string VolumeFile(string volume, string path)
    {
        var root = $"{Volumes}/{volume}";
        var full = Path.GetFullPath(path.TrimStart('/'), root);
        return full.StartsWith(root + "/", StringComparison.Ordinal)
            ? full
            : throw new RefusedException(Refusal.Malformed, $"'{path}' is not a file of volume {volume}");
    }
}
