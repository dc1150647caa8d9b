using System.Diagnostics;
using Migration.Qemu;

namespace Migration.Node.Machines;

/// <summary>Asks the node's QEMU, started without a machine, what it can do. Asked once; a failure is asked again.</summary>
internal sealed class HostProbe(NodeOptions options, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KvmLimit = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _asking = new(1, 1);
    private HostCapabilities? _known;

    public async Task<HostCapabilities> AskAsync(CancellationToken ct)
    {
        await _asking.WaitAsync(ct);
        try
        {
            return _known ??= await ProbeAsync(ct);
        }
        finally
        {
            _asking.Release();
        }
    }

    private async Task<HostCapabilities> ProbeAsync(CancellationToken ct)
    {
        var (version, machines, models) = await RunAsync("tcg", Limit, DescribeAsync, ct);
        var versioned = machines.Where(machine => machine.Name.StartsWith("pc-", StringComparison.Ordinal)).Select(machine => machine.Name).ToList();
        return new HostCapabilities
        {
            QemuVersion = version.ToString(),
            Accelerators = await AcceleratorsAsync(ct),
            MachineTypes = versioned,
            CpuModels = [.. models.Where(model => model.MigrationSafe).Select(model => model.Name)],
            DefaultMachineType = machines.FirstOrDefault(machine => machine.Alias == "q35")?.Name
                ?? throw new IOException($"{options.Qemu} has no q35 machine type"),
        };
    }

    private async Task<IReadOnlyList<Accelerator>> AcceleratorsAsync(CancellationToken ct) => options.Accelerator switch
    {
        Accelerator.Auto when await KvmWorksAsync(ct) => [Accelerator.Kvm, Accelerator.Tcg],
        Accelerator.Kvm => [Accelerator.Kvm],
        _ => [Accelerator.Tcg],
    };

    /// <summary>A device file proves nothing: QEMU must come up with it.</summary>
    private async Task<bool> KvmWorksAsync(CancellationToken ct)
    {
        if (!File.Exists("/dev/kvm"))
            return false;
        try
        {
            return await RunAsync("kvm", KvmLimit, async (session, token) => (await session.QueryStatusAsync(token)).State is not RunState.InternalError, ct);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<(QemuVersion, IReadOnlyList<MachineType>, IReadOnlyList<CpuModel>)> DescribeAsync(QmpSession session, CancellationToken ct) =>
        (session.Version, await session.QueryMachinesAsync(ct), await session.QueryCpuModelsAsync(ct));

    private async Task<T> RunAsync<T>(string accelerator, TimeSpan limit, Func<QmpSession, CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        var socket = Path.Combine(options.State, $"probe-{accelerator}.sock");
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        await EndFormerAsync(socket, either.Token);
        using var qemu = Start(socket, accelerator);
        try
        {
            await using var session = await ConnectAsync(qemu, socket, either.Token);
            return await ask(session, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IOException($"{options.Qemu} did not answer within {limit.TotalSeconds:0} s");
        }
        catch (QmpException failure)
        {
            throw new IOException($"{options.Qemu}: {failure.Message}", failure);
        }
        finally
        {
            if (!qemu.HasExited)
                qemu.Kill();
            await qemu.WaitForExitAsync(CancellationToken.None);
            File.Delete(socket);
        }
    }

    /// <summary>A node that was killed while it asked has left its QEMU behind, which waits there for ever.</summary>
    private static async Task EndFormerAsync(string socket, CancellationToken ct)
    {
        if (!File.Exists(socket))
            return;
        try
        {
            await using var former = await QmpSession.ConnectAsync(socket, ct);
            await former.QuitAsync(ct);
        }
        catch (QmpException)
        {
            // Nobody listens there any more.
        }

        File.Delete(socket);
    }

    private Process Start(string socket, string accelerator)
    {
        string[] arguments =
        [
            "-machine", accelerator == "kvm" ? "q35" : "none", "-accel", accelerator, "-nodefaults", "-no-user-config", "-display", "none", "-S",
            "-chardev", $"socket,id=probe,path={socket},server=on,wait=off", "-mon", "chardev=probe,mode=control",
        ];
        var start = new ProcessStartInfo(options.Qemu, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new IOException($"{options.Qemu} cannot be started: {missing.Message}", missing);
        }
    }

    private async Task<QmpSession> ConnectAsync(Process qemu, string socket, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                if (File.Exists(socket))
                    return await QmpSession.ConnectAsync(socket, ct);
            }
            catch (QmpException notYet) when (notYet.SessionEnded && !qemu.HasExited)
            {
                // The file appears a moment before QEMU listens.
            }

            if (qemu.HasExited)
                throw new IOException($"{options.Qemu} ended: {(await qemu.StandardError.ReadToEndAsync(ct)).Trim()}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), time, ct);
        }
    }
}
