using Migration.Testing;

namespace Migration.Qemu.Tests;

/// <summary>A real QEMU with the test guest, in a folder of its own.</summary>
internal sealed class QemuUnderTest : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    public static readonly Guid Uuid = Guid.Parse("0a7ecb52-9df5-4b40-8b0f-6f1f6f8f1f10");

    private readonly string _folder = Directory.CreateTempSubdirectory("mt-qemu-").FullName;

    private QemuUnderTest(Func<MachineDefinition, MachineDefinition> with)
    {
        var machine = with(new()
        {
            Name = "test",
            Uuid = Uuid,
            Cpus = new(1, 1, 1),
            MemoryBytes = 128 << 20,
            MachineType = "pc-q35-7.2",
            CpuModel = "qemu64",
            Accelerator = Accelerator.Tcg,
            KernelBoot = new(Guest.Kernel, Guest.Initrd, Guest.Arguments()),
            QmpPath = QmpPath,
        });
        Console = new Guest(Path.Combine(_folder, "console"));
        Process = TiedProcess.Start("qemu-system-x86_64", QemuCommandLine.Arguments(machine), Path.Combine(_folder, "console"), Path.Combine(_folder, "errors"));
    }

    public TiedProcess Process { get; }

    public Guest Console { get; }

    public QmpSession Session { get; private set; } = null!;

    /// <summary>Where this QEMU takes an incoming migration.</summary>
    public string IncomingUri => $"unix:{Path.Combine(_folder, "incoming.sock")}";

    private string QmpPath => Path.Combine(_folder, "qmp.sock");

    /// <summary>A guest that has booted and runs; kernel arguments may ask it to dirty memory.</summary>
    public static async Task<QemuUnderTest> StartAsync(string arguments, CancellationToken ct, int memoryMiB = 128)
    {
        var qemu = await CreateAsync(machine => machine with
        {
            MemoryBytes = (long)memoryMiB << 20,
            KernelBoot = machine.KernelBoot! with { Arguments = Guest.Arguments(arguments) },
        }, ct);
        await qemu.Session.ContinueAsync(ct);
        await qemu.Console.WaitForAsync(arguments.Contains("dirty=", StringComparison.Ordinal) ? "GUEST-DIRTYING" : "GUEST-UP", ct);
        return qemu;
    }

    /// <summary>The same machine, waiting for it to arrive.</summary>
    public static Task<QemuUnderTest> CreateIncomingAsync(CancellationToken ct, int memoryMiB = 128) =>
        CreateAsync(machine => machine with { Incoming = true, MemoryBytes = (long)memoryMiB << 20 }, ct);

    public static async Task<QemuUnderTest> CreateAsync(Func<MachineDefinition, MachineDefinition> with, CancellationToken ct)
    {
        var qemu = new QemuUnderTest(with);
        await qemu.ReconnectAsync(ct);
        return qemu;
    }

    /// <summary>Ends the session, as a node that dies would, and begins another.</summary>
    public async Task ReconnectAsync(CancellationToken ct)
    {
        if (Session is { } old)
            await old.DisposeAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        while (true)
        {
            try
            {
                Session = await QmpSession.ConnectAsync(QmpPath, limit.Token);
                return;
            }
            catch (QmpException notYet) when (notYet.SessionEnded && !Process.HasExited)
            {
                await Task.Delay(10, limit.Token);
            }
            catch (QmpException refused)
            {
                throw new InvalidOperationException($"QEMU did not start: {Process.Errors}", refused);
            }
        }
    }

    /// <summary>Asks until the migration is in one of these states.</summary>
    public async Task<MigrationInfo> WaitForAsync(CancellationToken ct, params MigrationStatus[] wanted)
    {
        using var events = Session.Listen("MIGRATION");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        while (true)
        {
            var seen = await Session.QueryMigrateAsync(limit.Token);
            if (wanted.Contains(seen.Status))
                return seen;
            await events.NextAsync(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
        }
    }

    public async Task<RunState> StateAsync(CancellationToken ct) => (await Session.QueryStatusAsync(ct)).State;

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        Process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
