using System.Net;
using Migration.Node.Networks;

namespace Migration.Node;

/// <summary>Everything the command line says. The process does not start on nonsense.</summary>
internal sealed record NodeOptions
{
    public required string Name { get; init; }

    /// <summary>Where controllers and other nodes reach the gRPC services; without it only the unix socket is served.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Where other nodes bring guest memory: an address of the migration network.</summary>
    public IPEndPoint? DataListen { get; init; }

    /// <summary>Where <c>/metrics</c> is read, by anybody who reaches it.</summary>
    public IPEndPoint? HttpListen { get; init; }

    public string Socket { get; init; } = "/run/migration/node.sock";

    public string State { get; init; } = "/run/migration";

    public string KubeletRoot { get; init; } = "/var/lib/kubelet";

    /// <summary>A directory with <c>ca.crt</c>, <c>tls.crt</c> and <c>tls.key</c>.</summary>
    public string? Certificates { get; init; }

    public string Qemu { get; init; } = "qemu-system-x86_64";

    public Accelerator Accelerator { get; init; } = Accelerator.Auto;

    /// <summary>How new attachments are wired.</summary>
    public WiringChoice Wiring { get; init; } = WiringChoice.Auto;

    /// <summary>How long a guest may use its addresses before it must have asked for them again.</summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The folders of the delegates' plugins, in the order of preference, separated by ':'.</summary>
    public string CniPrograms { get; init; } = "/opt/cni/bin";

    /// <summary>Where the configurations of networks are whose definitions have none.</summary>
    public string CniConfigurations { get; init; } = "/etc/cni/net.d";

    /// <summary>Where it is remembered what delegates' plugins were told; a place that a reboot leaves alone lets their DELs come after it. Null: with the state.</summary>
    public string? CniCache { get; init; }

    /// <summary>How long one plugin may take.</summary>
    public TimeSpan CniTimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where the CNI plugin notes the DELs that it could not deliver.</summary>
    public string Journal => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Socket))!, "journal");

    public static bool TryParse(string[] arguments, out NodeOptions? options, out string error)
    {
        var read = new NodeOptions { Name = "" };
        options = null;
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var flag = arguments[i];
            if (i + 1 >= arguments.Length)
                return Fail($"{flag}: a value is missing", out error);
            if (!TryApply(ref read, flag, arguments[i + 1], out error))
                return false;
        }

        if (read.Name.Length == 0)
            return Fail("--name is missing: the name of the Kubernetes node", out error);
        if (read.Listen is not null && read.Certificates is null)
            return Fail("--listen needs --certificates: there is no unauthenticated service on the network", out error);
        if (read.DataListen is not null && read.Listen is null)
            return Fail("--data-listen needs --listen: the two nodes of a migration settle its outcome there", out error);
        options = read;
        error = "";
        return true;
    }

    private static bool TryApply(ref NodeOptions read, string flag, string value, out string error)
    {
        error = "";
        switch (flag)
        {
            case "--name": read = read with { Name = value }; return true;
            case "--socket": read = read with { Socket = value }; return true;
            case "--state": read = read with { State = value }; return true;
            case "--kubelet-root": read = read with { KubeletRoot = value }; return true;
            case "--certificates": read = read with { Certificates = value }; return true;
            case "--qemu": read = read with { Qemu = value }; return true;
            case "--cni-bin-dir": read = read with { CniPrograms = value }; return true;
            case "--cni-conf-dir": read = read with { CniConfigurations = value }; return true;
            case "--cni-cache-dir": read = read with { CniCache = value }; return true;
            case "--cni-time-limit" when int.TryParse(value, out var seconds) && seconds is > 0 and <= 600:
                read = read with { CniTimeLimit = TimeSpan.FromSeconds(seconds) };
                return true;
            case "--lease-time" when int.TryParse(value, out var lease) && lease is >= 8 and <= 365 * 24 * 3600:
                read = read with { LeaseTime = TimeSpan.FromSeconds(lease) };
                return true;
            case "--listen" when IPEndPoint.TryParse(value, out var listen): read = read with { Listen = listen }; return true;
            case "--data-listen" when IPEndPoint.TryParse(value, out var data): read = read with { DataListen = data }; return true;
            case "--http-listen" when IPEndPoint.TryParse(value, out var http): read = read with { HttpListen = http }; return true;
            case "--accelerator" when Enum.TryParse<Accelerator>(value, ignoreCase: true, out var accelerator):
                read = read with { Accelerator = accelerator };
                return true;
            case "--wiring" when Enum.TryParse<WiringChoice>(value, ignoreCase: true, out var wiring) && !char.IsAsciiDigit(value[0]):
                read = read with { Wiring = wiring };
                return true;
            case "--listen" or "--data-listen" or "--http-listen": return Fail($"{flag} {value}: not an address and port such as 10.10.0.1:7411", out error);
            case "--cni-time-limit": return Fail($"{flag} {value}: not a number of seconds from 1 to 600", out error);
            case "--lease-time": return Fail($"{flag} {value}: not a number of seconds from 8 to 31536000, a year", out error);
            case "--accelerator": return Fail($"{flag} {value}: not one of auto, kvm, tcg", out error);
            case "--wiring": return Fail($"{flag} {value}: not one of auto, cable, takeover", out error);
            default: return Fail($"{flag}: there is no such flag", out error);
        }
    }

    private static bool Fail(string reason, out string error)
    {
        error = reason;
        return false;
    }
}
