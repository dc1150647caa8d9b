using System.Diagnostics;
using Migration.Local.Cluster;
using Migration.Qemu;

namespace Migration.Local.Bench;

/// <summary>What QEMU alone needs for the same guest: two QEMUs in one namespace, <c>migrate tcp:127.0.0.1</c>, nothing in between.</summary>
internal sealed class RawMigrations : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("migration-bench-raw-").FullName;
    private readonly string _namespace;
    private readonly long _memory;
    private readonly TimeProvider _time;
    private readonly RawLan? _lan;
    private Machine _running;
    private int _started;

    /// <summary>One migration: from <c>migrate</c> to <c>completed</c>, and STOP at the source to RESUME at the target.</summary>
    public sealed record Timing(TimeSpan Total, TimeSpan Stopped);

    private RawMigrations(string networkNamespace, long memory, RawLan? lan, TimeProvider time)
    {
        _lan = lan;
        _namespace = networkNamespace;
        _memory = memory;
        _time = time;
        _running = null!;
    }

    /// <summary>A guest that has booted, with nobody around it.</summary>
    public static Task<RawMigrations> StartAsync(string networkNamespace, long memory, TimeProvider time, CancellationToken ct) =>
        StartAsync(new RawMigrations(networkNamespace, memory, lan: null, time), ct);

    /// <summary>A guest that has booted on a LAN.</summary>
    public static Task<RawMigrations> StartAsync(RawLan lan, long memory, TimeProvider time, CancellationToken ct) =>
        StartAsync(new RawMigrations(lan.Path, memory, lan, time), ct);

    private static async Task<RawMigrations> StartAsync(RawMigrations raw, CancellationToken ct)
    {
        raw._running = await raw.StartMachineAsync(incoming: false, ct);
        await raw._running.Session.ContinueAsync(ct);
        await Eventually.UntilAsync("the raw guest counts", Patience, raw._time, _ => Task.FromResult(raw._running.Console().Contains("TICK 2", StringComparison.Ordinal)), ct);
        return raw;
    }

    public async Task<Timing> MigrateAsync(CancellationToken ct)
    {
        var source = _running;
        var target = await StartMachineAsync(incoming: true, ct);
        using var stops = source.Session.Listen("STOP");
        using var resumes = target.Session.Listen("RESUME");
        using var pauses = source.Session.Listen(happened => happened.MigrationStatus == MigrationStatus.PreSwitchover);
        using var ends = source.Session.Listen(happened => happened.MigrationStatus is MigrationStatus.Completed or MigrationStatus.Failed);
        using var loads = target.Session.Listen(happened => happened.MigrationStatus == MigrationStatus.Completed);
        // Under traffic QEMU's own default: with less it may never find the moment to stop.
        var settings = _lan is null ? new CopySettings() : new CopySettings { DowntimeLimit = TimeSpan.FromMilliseconds(300) };
        await MigrationSetup.PrepareTargetAsync(target.Session, settings, ct);
        await MigrationSetup.PrepareSourceAsync(source.Session, settings, ct);
        var port = 20000 + _started;
        await target.Session.MigrateIncomingAsync($"tcp:127.0.0.1:{port}", ct);
        var started = Stopwatch.GetTimestamp();
        await source.Session.MigrateAsync($"tcp:127.0.0.1:{port}", ct);
        await pauses.NextAsync(ct);
        await source.Session.MigrateContinueAsync(ct);
        await loads.NextAsync(ct);
        await target.Session.ContinueAsync(ct);
        var stopped = (await resumes.NextAsync(ct)).Timestamp - (await stops.NextAsync(ct)).Timestamp;
        var end = await ends.NextAsync(ct);
        var total = Stopwatch.GetElapsedTime(started);
        if (end.MigrationStatus != MigrationStatus.Completed)
            throw new InvalidOperationException($"raw migration: {(await source.Session.QueryMigrateAsync(ct)).Error}");
        await source.DisposeAsync();
        _running = target;
        return new Timing(total, stopped);
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<Machine> StartMachineAsync(bool incoming, CancellationToken ct)
    {
        var name = $"raw{_started++}";
        var qmp = Path.Combine(_folder, $"{name}.qmp");
        var console = Path.Combine(_folder, $"{name}.log");
        var arguments = QemuCommandLine.Arguments(new MachineDefinition
        {
            Name = "raw",
            Uuid = Guid.Parse("6f0e5f1c-6f5c-4a67-9c5e-0f3d5a0c9b11"),
            Cpus = new CpuTopology(1, 1, 1),
            MemoryBytes = _memory,
            MachineType = "pc-q35-7.2",
            CpuModel = "qemu64-v1",
            Accelerator = Accelerator.Tcg,
            KernelBoot = new KernelBoot(Path.Combine(Installation.Guest, "boot/vmlinuz"), Path.Combine(Installation.Guest, "boot/initrd.gz"), "console=ttyS0 quiet no_timer_check"),
            QmpPath = qmp,
            Incoming = incoming,
        });
        arguments = [.. arguments, .. _lan?.Card(name) ?? []];
        var program = StartedProgram.Start(new ProgramStart("qemu-system-x86_64", arguments, console, _namespace));
        await Eventually.UntilAsync("a raw QEMU answers", Patience, _time, _ => Task.FromResult(program.HasExited || File.Exists(qmp)), ct);
        return program.HasExited
            ? throw new InvalidOperationException($"raw QEMU ended: {await File.ReadAllTextAsync(console, ct)}")
            : new Machine(program, await QmpSession.ConnectAsync(qmp, ct), console);
    }

    private sealed record Machine(StartedProgram Program, QmpSession Session, string ConsoleFile) : IAsyncDisposable
    {
        public string Console() => File.ReadAllText(ConsoleFile);

        public async ValueTask DisposeAsync()
        {
            await Session.DisposeAsync();
            await Program.StopAsync(TimeSpan.FromSeconds(1), TimeProvider.System);
            Program.Dispose();
        }
    }
}
