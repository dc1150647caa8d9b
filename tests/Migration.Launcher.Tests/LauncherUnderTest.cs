using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Migration.Linux;
using Migration.Protos.Launcher;
using Migration.Qemu;
using Migration.Testing;

namespace Migration.Launcher.Tests;

/// <summary>The built launcher, running in a folder of its own.</summary>
internal sealed class LauncherUnderTest : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("mt-launcher-").FullName;
    private readonly List<ProcessHandle> _seen = [];

    public LauncherUnderTest(double graceSeconds = 30, int? user = null, params IReadOnlyList<SafeHandle> inherited)
    {
        var program = Path.Combine(_folder, "migration-launcher");
        File.Copy(Built(), program);
        if (user is { } owner)
            Shell.RunAsync("chown", "-R", $"{owner}:{owner}", _folder).GetAwaiter().GetResult();
        Process = TiedProcess.Start(program, ["--socket", SocketPath, "--grace", graceSeconds.ToString(CultureInfo.InvariantCulture)],
            Path.Combine(_folder, "console"), Path.Combine(_folder, "errors"), user, inherited);
        Guest = new Guest(Path.Combine(_folder, "console"));
        if (!SpinWait.SpinUntil(() => File.Exists(SocketPath) && CanConnect(), Limit))
            throw new TimeoutException($"the launcher does not listen: {Process.Errors}");
    }

    public TiedProcess Process { get; }

    public Guest Guest { get; }

    public string SocketPath => Path.Combine(_folder, "launcher.sock");

    public string QmpPath => Path.Combine(_folder, "qmp.sock");

    public Socket Connect() => UnixSocket.Connect(SocketPath);

    /// <summary>One request on a connection of its own.</summary>
    public async Task<Reply> CallAsync(Request request, params IReadOnlyList<SafeHandle> files)
    {
        using var socket = Connect();
        return await CallAsync(socket, request, files);
    }

    public async Task<Reply> CallAsync(Socket socket, Request request, params IReadOnlyList<SafeHandle> files)
    {
        LauncherFrame.Send(socket, request.ToByteArray(), [.. files]);
        var reply = await ReceiveAsync(socket);
        if (reply.State.QemuPid > 0 && _seen.Count == 0 && reply.State.Phase == Phase.Running)
            _seen.Add(ProcessHandle.Open(reply.State.QemuPid));
        return reply;
    }

    public static async Task<Reply> ReceiveAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Limit);
        return Reply.Parser.ParseFrom(await LauncherFrame.ReceiveAsync(socket, limit.Token));
    }

    public Task<Reply> DescribeAsync() => CallAsync(new Request { Describe = new() });

    /// <summary>The QEMU that was seen running; held, so that its number cannot be mistaken.</summary>
    public ProcessHandle Qemu => _seen.Single();

    /// <summary>A machine that runs the test guest, or (without one) nothing but firmware that is never started.</summary>
    public Request LaunchRequest(string id = "launch-1", bool withGuest = false, params IReadOnlyList<string> tapFiles)
    {
        var machine = new MachineDefinition
        {
            Name = "test",
            Uuid = Guid.NewGuid(),
            Cpus = new(1, 1, 1),
            MemoryBytes = 128 << 20,
            MachineType = "pc-q35-7.2",
            CpuModel = "qemu64",
            Accelerator = Accelerator.Tcg,
            KernelBoot = withGuest ? new(Guest.Kernel, Guest.Initrd, Guest.Arguments()) : null,
            Cards = tapFiles.Count == 0 ? [] : [new() { Id = "net0", Slot = 0, Mac = PhysicalAddress.Parse("02-00-00-00-00-07"), TapFiles = tapFiles }],
            QmpPath = QmpPath,
        };
        return new() { Launch = new() { Id = id, Program = "qemu-system-x86_64", Arguments = { QemuCommandLine.Arguments(machine) }, FileNames = { tapFiles } } };
    }

    /// <summary>QMP of the QEMU that was launched, which needs a moment before it listens.</summary>
    public async Task<QmpSession> ConnectQmpAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            try
            {
                return await QmpSession.ConnectAsync(QmpPath, limit.Token);
            }
            catch (QmpException notYet) when (notYet.SessionEnded && !Process.HasExited)
            {
                await Task.Delay(10, limit.Token);
            }
        }
    }

    public void Dispose()
    {
        Process.Dispose();
        foreach (var process in _seen)
        {
            process.Signal(ProcessSignal.Kill);
            process.WaitForExit(Limit);
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private bool CanConnect()
    {
        try
        {
            Connect().Dispose();
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static string Built()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Migration.sln")))
            folder = folder.Parent;
        var program = Path.Combine(folder?.FullName ?? "", "out/bin/migration-launcher");
        return File.Exists(program) ? program : throw new FileNotFoundException($"{program} is missing: run scripts/build");
    }
}
