using System.Net;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Netlink;

namespace Migration.Local.Bench;

/// <summary>dnsmasq at its fastest (no ping before an offer, no lease file), with the same addresses to give.</summary>
internal sealed class Dnsmasq : IDisposable
{
    private const string Path = "/usr/sbin/dnsmasq";
    private readonly string _log = System.IO.Path.GetTempFileName();
    private readonly StartedProgram _program;

    public Dnsmasq(NetworkNamespace space, string link)
    {
        using var route = RouteClient.Open(space);
        var index = route.GetLink(link).Index;
        route.AddAddress(new InterfaceAddress { InterfaceIndex = index, Address = IPAddress.Parse("10.244.1.2"), PrefixLength = 24 });
        route.AddAddress(new InterfaceAddress { InterfaceIndex = index, Address = IPAddress.Parse("fd00:10:244:1::2"), PrefixLength = 64 });
        // Dies with us, even if we are killed.
        _program = StartedProgram.Start(new ProgramStart(
            "/usr/bin/setpriv",
            [
                "--pdeathsig", "KILL", Path, "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--port=0", "--user=root", $"--pid-file={_log}.pid",
                $"--interface={link}", "--bind-interfaces", "--no-ping", "--leasefile-ro", "--quiet-dhcp", "--quiet-dhcp6",
                "--dhcp-range=10.244.1.5,10.244.1.5", "--dhcp-range=fd00:10:244:1::5,fd00:10:244:1::5,64",
                "--dhcp-option=3,10.244.1.1", "--dhcp-option=6,10.96.0.10", "--dhcp-option=15,default.svc.cluster.local",
            ],
            _log,
            $"/proc/{Environment.ProcessId}/fd/{space.Descriptor.Number}"));
    }

    public static bool IsInstalled => File.Exists(Path);

    public void Dispose()
    {
        if (!_program.HasExited)
        {
            using var process = ProcessHandle.Open(_program.Id);
            process.Signal(ProcessSignal.Kill);
            process.WaitForExit(TimeSpan.FromSeconds(2));
        }

        _program.Dispose();
        File.Delete(_log);
        File.Delete($"{_log}.pid");
    }
}
