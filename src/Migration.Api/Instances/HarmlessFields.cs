using System.Text.Json;

namespace Migration.Api;

/// <summary>
/// Fields that no record types and that nobody misses: they ask for what every guest has, or decline what none has.
/// Everything else is told to the user by <see cref="UnsupportedFields"/>.
/// </summary>
public static class HarmlessFields
{
    // The value for which nothing is missing, as JSON. Any other value is.
    private static readonly Dictionary<string, string> Values = new()
    {
        // QEMU's machine types have them, and nobody takes them away.
        ["spec.domain.features.acpi"] = "{}",
        ["spec.domain.features.acpi.enabled"] = "true",
        ["spec.domain.features.apic"] = "{}",
        ["spec.domain.features.apic.enabled"] = "true",
        ["spec.domain.features.pvspinlock.enabled"] = "true",
        ["spec.domain.clock.timer.rtc.present"] = "true",
        ["spec.domain.clock.timer.pit.present"] = "true",
        ["spec.domain.clock.timer.kvm.present"] = "true",
        ["spec.domain.clock.timer.hpet.present"] = "true",
        ["spec.domain.clock.utc"] = "{}",
        ["spec.domain.clock.utc.offsetSeconds"] = "0",
        ["spec.domain.firmware.bootloader.bios"] = "{}",
        ["spec.domain.rebootPolicy"] = "\"Reboot\"",
        // Every guest has these devices, and its console is what kubectl logs shows.
        ["spec.domain.devices.rng"] = "{}",
        ["spec.domain.devices.autoattachMemBalloon"] = "true",
        ["spec.domain.devices.autoattachSerialConsole"] = "true",
        ["spec.domain.devices.logSerialConsole"] = "true",
        ["spec.domain.memory.reservedOverhead.memLock"] = "\"NotRequired\"",
    };

    // What false says no to, and the guest has all the same.
    private static readonly HashSet<string> NotDeclinable =
        [.. Values.Where(pair => pair.Value == "true").Select(pair => pair.Key)];

    /// <summary>Whether nothing is missing although nobody acts on it.</summary>
    /// <param name="path">Without indexes of lists.</param>
    public static bool Contains(string path, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.False => !NotDeclinable.Contains(path),
        JsonValueKind.Array when value.GetArrayLength() == 0 => true,
        _ => Values.TryGetValue(path, out var harmless) && value.GetRawText() == harmless,
    };

    /// <summary>What is asked for by a field that nobody acts on: the field, or those of its fields that ask for something where not all do.</summary>
    public static IEnumerable<string> Missing(string path, JsonElement value)
    {
        if (Contains(path, value))
            return [];
        if (value.ValueKind != JsonValueKind.Object || !value.EnumerateObject().Any())
            return [path];
        var fields = value.EnumerateObject().Select(field => (Path: $"{path}.{field.Name}", Missing: Missing($"{path}.{field.Name}", field.Value).ToList())).ToList();
        return fields.TrueForAll(field => field.Missing is [var whole] && whole == field.Path) ? [path] : fields.SelectMany(field => field.Missing);
    }
}
