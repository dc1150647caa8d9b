using System.Text.Json.Nodes;

namespace Migration.Qemu;

/// <summary>
/// Makes two QEMUs ready for one migration. Capabilities and parameters outlive migrations, so each is set anew: what is not
/// wanted is switched off, what this QEMU does not have is left out.
/// </summary>
public static class MigrationSetup
{
    /// <summary>Before <c>migrate</c>.</summary>
    public static async Task PrepareSourceAsync(QmpSession source, CopySettings settings, CancellationToken ct)
    {
        await SetCapabilitiesAsync(source, SourceCapabilities(settings), ct);
        await SetParametersAsync(source, settings, ct);
    }

    /// <summary>Before <c>migrate-incoming</c>; multifd cannot be switched on later.</summary>
    public static async Task PrepareTargetAsync(QmpSession target, CopySettings settings, CancellationToken ct)
    {
        await SetCapabilitiesAsync(target, TargetCapabilities(settings), ct);
        await SetParametersAsync(target, settings, ct);
    }

    private static HashSet<string> SourceCapabilities(CopySettings settings)
    {
        var wanted = Shared(settings);
        wanted.Add("pause-before-switchover");
        if (settings.AutoConverge)
            wanted.Add("auto-converge");
        return wanted;
    }

    private static HashSet<string> TargetCapabilities(CopySettings settings)
    {
        var wanted = Shared(settings);
        // Disks are locked when the guest is started, not when the last byte has come. Newer ones always do so.
        wanted.Add("late-block-activate");
        return wanted;
    }

    // Without return-path the source calls itself completed when its bytes have left, loaded or not.
    private static HashSet<string> Shared(CopySettings settings)
    {
        HashSet<string> wanted = ["events", "return-path", "validate-uuid"];
        if (settings.Channels > 1)
            wanted.Add("multifd");
        return wanted;
    }

    private static async Task SetCapabilitiesAsync(QmpSession session, HashSet<string> wanted, CancellationToken ct)
    {
        var present = await session.QueryMigrateCapabilitiesAsync(ct);
        foreach (var required in (string[])["events", "return-path", "pause-before-switchover", "multifd"])
        {
            if (wanted.Contains(required) && !present.ContainsKey(required))
                throw new QmpException("migrate-set-capabilities", "Unsupported", $"QEMU {session.Version} has no {required}");
        }

        // One that excludes another must be off before the other goes on.
        foreach (var state in (bool[])[false, true])
        {
            var changes = present.Where(entry => entry.Value != state && wanted.Contains(entry.Key) == state)
                .Select(entry => KeyValuePair.Create(entry.Key, state)).ToArray();
            if (changes.Length > 0)
                await session.SetMigrateCapabilitiesAsync(changes, ct);
        }
    }

    private static async Task SetParametersAsync(QmpSession session, CopySettings settings, CancellationToken ct)
    {
        var present = await session.QueryMigrateParametersAsync(ct);
        var values = new JsonObject();
        foreach (var (name, value) in Parameters(settings, present.Contains("avail-switchover-bandwidth")))
        {
            if (present.Contains(name))
                values[name] = value;
        }

        await session.SetMigrateParametersAsync(values, ct);
    }

    private static IEnumerable<(string Name, JsonNode Value)> Parameters(CopySettings settings, bool decidesByLineRate)
    {
        yield return ("max-bandwidth", settings.MaxBandwidth);
        yield return ("downtime-limit", (long)Math.Clamp(DowntimeLimit(settings, decidesByLineRate).TotalMilliseconds, 1, 2_000_000));
        yield return ("avail-switchover-bandwidth", settings.LineBandwidth ?? 0);
        yield return ("multifd-channels", Math.Max(2, settings.Channels));
        yield return ("multifd-compression", "none");
        // Old machine types would choose the slower one for compatibility with sources that we do not have.
        yield return ("zero-page-detection", settings.Channels > 1 ? "multifd" : "legacy");
        yield return ("max-postcopy-bandwidth", 0);
        yield return ("cpu-throttle-initial", 20);
        yield return ("cpu-throttle-increment", 10);
        yield return ("max-cpu-throttle", 99);
        yield return ("announce-initial", (long)settings.Announcement.Initial.TotalMilliseconds);
        yield return ("announce-max", (long)settings.Announcement.Maximum.TotalMilliseconds);
        yield return ("announce-rounds", settings.Announcement.Rounds);
        yield return ("announce-step", (long)settings.Announcement.Step.TotalMilliseconds);
    }

    // A QEMU that does not know the line's rate multiplies the limit with the capped one.
    private static TimeSpan DowntimeLimit(CopySettings settings, bool decidesByLineRate) =>
        !decidesByLineRate && settings.LineBandwidth is { } line && line > settings.MaxBandwidth
            ? settings.DowntimeLimit * ((double)line / settings.MaxBandwidth)
            : settings.DowntimeLimit;
}
