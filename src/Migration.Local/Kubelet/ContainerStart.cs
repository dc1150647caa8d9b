using System.Globalization;

namespace Migration.Local.Kubelet;

/// <summary>A directory or file of the machine seen by a container at another path.</summary>
public sealed record Mount(string Source, string Target);

/// <summary>
/// How the process runtime starts a container: in the pod's network namespace and in a mount namespace of its own,
/// where a fresh /run hides the machine's and the pod's volumes are bind-mounted at their mount paths. Nothing is left
/// to unmount: the mounts end with the process.
/// </summary>
internal sealed record ContainerStart
{
    /// <summary>Where a container finds its image's files, and its program when that is not a path.</summary>
    public const string ImagePath = "/run/image";

    // Arguments: working directory, number of mounts, (source, target)…, then the command. $0 is unused.
    // The new /run is put together at /mnt, because volumes come from below the machine's /run.
    private const string Enter = """
        set -eu
        mount -n -t tmpfs -o mode=755 tmpfs /mnt
        directory=$1; count=$2; shift 2
        while [ "$count" -gt 0 ]; do
          target=$2
          # Where a link points to is what programs open: resolv.conf often is one, into /run.
          if [ -L "$target" ]; then target=$(readlink -m "$target"); fi
          case $target in
            /run/*) target=/mnt/${target#/run/} ;;
            /var/run/*) target=/mnt/${target#/var/run/} ;;
          esac
          if [ -d "$1" ]; then mkdir -p "$target"; else mkdir -p "$(dirname "$target")"; [ -e "$target" ] || : >"$target"; fi
          mount -n --bind "$1" "$target"; shift 2; count=$((count - 1))
        done
        mount -n --move /mnt /run
        cd "$directory"
        exec "$@"
        """;

    public required string NetworkNamespace { get; init; }
    public required IReadOnlyList<string> Command { get; init; }
    public required IReadOnlyList<Mount> Mounts { get; init; }
    public required IReadOnlyDictionary<string, string> Environment { get; init; }
    public long? User { get; init; }
    public long? Group { get; init; }

    /// <summary>Relative to what the container sees.</summary>
    public string WorkingDirectory { get; init; } = "/";

    public bool Terminal { get; init; }

    public AttachedProcess Start() =>
        AttachedProcess.Start(["nsenter", $"--net={NetworkNamespace}", "--", "unshare", .. EnterArguments(), .. BecomeUser(), .. Command], Variables(), Terminal);

    /// <summary>A further command in a container that runs: where its first process is, as the same user.</summary>
    public AttachedProcess Execute(int inProcess, IReadOnlyList<string> command, bool terminal) =>
        AttachedProcess.Start(
            [
                "nsenter", "--target", inProcess.ToString(CultureInfo.InvariantCulture), "--net", "--mount", "--",
                "/bin/sh", "-c", "cd \"$0\"; exec \"$@\"", WorkingDirectory, .. BecomeUser(), .. command,
            ],
            Variables(), terminal);

    private Dictionary<string, string> Variables() => new(Environment)
    {
        ["PATH"] = Environment.GetValueOrDefault("PATH", $"{ImagePath}:{ImagePath}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    };

    private IEnumerable<string> EnterArguments() =>
    [
        "--mount", "--propagation", "private", "--", "/bin/sh", "-c", Enter, "container", WorkingDirectory,
        Mounts.Count.ToString(CultureInfo.InvariantCulture),
        .. Mounts.SelectMany(mount => new[] { mount.Source, mount.Target }),
    ];

    private IEnumerable<string> BecomeUser() =>
        User is not { } user
            ? []
            :
            [
                "setpriv", string.Create(CultureInfo.InvariantCulture, $"--reuid={user}"),
                string.Create(CultureInfo.InvariantCulture, $"--regid={Group ?? user}"),
                "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--",
            ];
}
