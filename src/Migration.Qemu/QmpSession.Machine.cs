using System.Text.Json.Nodes;

namespace Migration.Qemu;

public sealed partial class QmpSession
{
    public async Task<GuestStatus> QueryStatusAsync(CancellationToken ct)
    {
        var reply = await ExecuteAsync("query-status", null, ct);
        return new(reply.Flag("running"), RunStateName.Parse(reply.Text("status")));
    }

    public async Task<QemuVersion> QueryVersionAsync(CancellationToken ct) => QemuVersion.From(await ExecuteAsync("query-version", null, ct));

    /// <summary>What this QEMU understands; about a third of a megabyte, so keep it.</summary>
    public async Task<QmpSchema> QuerySchemaAsync(CancellationToken ct) => QmpSchema.From(await ExecuteAsync("query-qmp-schema", null, ct));

    /// <summary>Machine types, the alias first resolved to its versioned name.</summary>
    public async Task<IReadOnlyList<MachineType>> QueryMachinesAsync(CancellationToken ct)
    {
        var reply = await ExecuteAsync("query-machines", null, ct);
        return [.. reply.EnumerateArray().Select(machine => new MachineType(
            machine.Text("name"), machine.OptionalText("alias"), machine.Flag("is-default"), machine.Flag("deprecated")))];
    }

    /// <summary>CPU models of this QEMU with this accelerator.</summary>
    public async Task<IReadOnlyList<CpuModel>> QueryCpuModelsAsync(CancellationToken ct)
    {
        var reply = await ExecuteAsync("query-cpu-definitions", null, ct);
        return [.. reply.EnumerateArray().Select(model => new CpuModel(
            model.Text("name"), model.Flag("migration-safe"),
            [.. model.Items("unavailable-features").Select(feature => feature.GetString() ?? "")]))];
    }

    /// <summary>Stops the vCPUs.</summary>
    public Task StopAsync(CancellationToken ct) => ExecuteAsync("stop", null, ct);

    /// <summary>Lets the vCPUs run. On an incoming QEMU only ever after <see cref="MigrationStatus.Completed"/>.</summary>
    public Task ContinueAsync(CancellationToken ct) => ExecuteAsync("cont", null, ct);

    /// <summary>Presses the guest's power button.</summary>
    public Task PowerDownAsync(CancellationToken ct) => ExecuteAsync("system_powerdown", null, ct);

    /// <summary>Ends QEMU; a session that ends before the answer is what was asked for.</summary>
    public async Task QuitAsync(CancellationToken ct)
    {
        try
        {
            await ExecuteAsync("quit", null, ct);
        }
        catch (QmpException ended) when (ended.SessionEnded)
        {
        }
    }

    /// <summary>Sends the guest's NIC announcements (RARP; a guest with GUEST_ANNOUNCE also ARPs), at growing intervals.</summary>
    public Task AnnounceSelfAsync(Announcement announcement, CancellationToken ct) => ExecuteAsync("announce-self", new JsonObject
    {
        ["initial"] = (long)announcement.Initial.TotalMilliseconds,
        ["max"] = (long)announcement.Maximum.TotalMilliseconds,
        ["rounds"] = announcement.Rounds,
        ["step"] = (long)announcement.Step.TotalMilliseconds,
    }, ct);
}
