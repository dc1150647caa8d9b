namespace Migration.Cni;

/// <summary>
/// What an administrator, or the DaemonSet in deploy/cni, runs: puts this program where the runtime looks for plugins, and its entry into
/// the configuration of the cluster's primary network. Everything may be repeated, and appears by rename: a runtime that executes the old
/// program or reads the old list meanwhile sees the whole old one or the whole new one.
/// </summary>
internal static class Installation
{
    private const string Program = "migration-cni";

    private const string Usage = $"""
        {Program} is a CNI plugin, executed by the container runtime. To install it:
          {Program} --install DIRECTORY                  copy this program into the runtime's plugin directory (/opt/cni/bin)
          {Program} --uninstall DIRECTORY                remove it there
          {Program} --chain DIRECTORY [--node-socket S]  append it to the primary network's list in DIRECTORY (/etc/cni/net.d)
          {Program} --chain-beside DIRECTORY [--node-socket S]
                                                         the same without touching the list: DIRECTORY/<network>/{Program}.conf (libcni 1.2.3 and newer)
          {Program} --unchain DIRECTORY                  undo either
        """;

    public static int Run(string[] arguments, TextWriter output, TextWriter errors)
    {
        var socket = NetworkConfiguration.DefaultNodeSocket;
        if (arguments is [_, _, "--node-socket", var other]) socket = other;
        else if (arguments.Length != 2)
        {
            errors.WriteLine(Usage);
            return 2;
        }
        try
        {
            var done = Execute(arguments[0], arguments[1], socket);
            if (done is null) errors.WriteLine(Usage);
            else output.WriteLine(done);
            return done is null ? 2 : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CniException)
        {
            errors.WriteLine($"{Program} {arguments[0]} {arguments[1]}: {e.Message}");
            return 1;
        }
    }

    private static string? Execute(string what, string folder, string socket) => what switch
    {
        "--install" => Install(folder),
        "--uninstall" => Uninstall(folder),
        "--chain" => PrimaryNetwork.Find(folder).Chain(socket),
        "--chain-beside" => PrimaryNetwork.Find(folder).ChainBeside(socket),
        "--unchain" => PrimaryNetwork.Unchain(folder),
        _ => null,
    };

    // The kernel refuses to write to a program that runs ("text file busy"), and to run one that is written to; a rename does neither.
    private static string Install(string folder)
    {
        var target = Path.Combine(folder, Program);
        using var own = new FileStream("/proc/self/exe", FileMode.Open, FileAccess.Read);
        ReplacedFile.Write(
            target, own.CopyTo,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return $"installed {target}";
    }

    private static string Uninstall(string folder)
    {
        var target = Path.Combine(folder, Program);
        File.Delete(target);
        return $"removed {target}";
    }
}
