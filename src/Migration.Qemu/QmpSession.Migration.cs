using System.Text.Json.Nodes;

namespace Migration.Qemu;

public sealed partial class QmpSession
{
    /// <summary>The one truth about a migration; events only say that it is worth asking again.</summary>
    public async Task<MigrationInfo> QueryMigrateAsync(CancellationToken ct) => MigrationInfo.From(await ExecuteAsync("query-migrate", null, ct));

    /// <summary>Every capability that this QEMU has, and whether it is on.</summary>
    public async Task<IReadOnlyDictionary<string, bool>> QueryMigrateCapabilitiesAsync(CancellationToken ct)
    {
        var reply = await ExecuteAsync("query-migrate-capabilities", null, ct);
        return reply.EnumerateArray().ToDictionary(entry => entry.Text("capability"), entry => entry.Flag("state"));
    }

    /// <summary>The names of the parameters that this QEMU has.</summary>
    public async Task<IReadOnlySet<string>> QueryMigrateParametersAsync(CancellationToken ct)
    {
        var reply = await ExecuteAsync("query-migrate-parameters", null, ct);
        return reply.EnumerateObject().Select(parameter => parameter.Name).ToHashSet();
    }

    public Task SetMigrateCapabilitiesAsync(IEnumerable<KeyValuePair<string, bool>> capabilities, CancellationToken ct)
    {
        var entries = capabilities.Select(entry => (JsonNode)new JsonObject { ["capability"] = entry.Key, ["state"] = entry.Value });
        return ExecuteAsync("migrate-set-capabilities", new JsonObject { ["capabilities"] = new JsonArray([.. entries]) }, ct);
    }

    /// <summary>Some (max-bandwidth, downtime-limit) may be changed while a migration runs.</summary>
    public Task SetMigrateParametersAsync(JsonObject parameters, CancellationToken ct) => ExecuteAsync("migrate-set-parameters", parameters, ct);

    /// <summary>Lets an incoming QEMU listen, or take the descriptor of "fd:NAME".</summary>
    public Task MigrateIncomingAsync(string uri, CancellationToken ct) => ExecuteAsync("migrate-incoming", new JsonObject { ["uri"] = uri }, ct);

    /// <summary>Starts a migration and returns at once; a target that cannot be reached is seen as <see cref="MigrationStatus.Failed"/>.</summary>
    public Task MigrateAsync(string uri, CancellationToken ct) => ExecuteAsync("migrate", new JsonObject { ["uri"] = uri }, ct);

    /// <summary>Leaves <see cref="MigrationStatus.PreSwitchover"/>; refused in any other state.</summary>
    public Task MigrateContinueAsync(CancellationToken ct) => ExecuteAsync("migrate-continue", new JsonObject { ["state"] = "pre-switchover" }, ct);

    /// <summary>
    /// Asks for the migration to be given up. Wait for <see cref="MigrationStatus.Cancelled"/>, <see cref="MigrationStatus.Failed"/> or
    /// <see cref="MigrationStatus.Completed"/>. In <see cref="MigrationStatus.Device"/> the target may have loaded everything already.
    /// </summary>
    public Task MigrateCancelAsync(CancellationToken ct) => ExecuteAsync("migrate_cancel", null, ct);

    /// <summary>
    /// Cuts the migration's connections, out of band: the one thing that reaches a QEMU whose sending is blocked by a peer that does not
    /// read. It then fails the migration, and runs on if it is the source.
    /// </summary>
    public Task YankMigrationAsync(CancellationToken ct) =>
        ExecuteOutOfBandAsync("yank", new JsonObject { ["instances"] = new JsonArray(new JsonObject { ["type"] = "migration" }) }, ct);
}
