using System.Text.Json;
using System.Text.RegularExpressions;

namespace Migration.Api;

/// <summary>
/// What a selection asks of the network's plugins by capability: handed on as it was written to those that declare it
/// (CNI conventions, "dynamic plugin specific fields"), checked before.
/// </summary>
public static partial class SelectionCapabilities
{
    private static readonly string[] Rates = ["ingressRate", "ingressBurst", "egressRate", "egressBurst"];

    /// <summary>What is asked for: the key in the selection, the capability's name, and its argument as JSON.</summary>
    public static IEnumerable<(string Key, string Capability, string Argument)> Of(NetworkSelection selection)
    {
        if (selection.Bandwidth is { ValueKind: not JsonValueKind.Null } bandwidth)
            yield return ("bandwidth", "bandwidth", bandwidth.GetRawText());
        if (selection.PortMappings is { ValueKind: not JsonValueKind.Null } mappings)
            yield return ("portMappings", "portMappings", mappings.GetRawText());
        if (!string.IsNullOrEmpty(selection.InfinibandGuid))
            yield return ("infiniband-guid", "infinibandGUID", $"\"{selection.InfinibandGuid}\"");
    }

    /// <summary>What is wrong with it, or null.</summary>
    internal static string? Error(NetworkSelection selection) =>
        BandwidthError(selection.Bandwidth) ?? MappingsError(selection.PortMappings)
        ?? (string.IsNullOrEmpty(selection.InfinibandGuid) || Guid().IsMatch(selection.InfinibandGuid) ? null : $"infiniband-guid '{selection.InfinibandGuid}' is not eight octets like 00:11:22:33:44:55:66:77");

    private static string? BandwidthError(JsonElement? bandwidth)
    {
        if (bandwidth is null or { ValueKind: JsonValueKind.Null })
            return null;
        if (bandwidth.Value.ValueKind is not JsonValueKind.Object)
            return "bandwidth is not an object";
        return bandwidth.Value.EnumerateObject().Where(rate => !Rates.Contains(rate.Name) || !IsWithin(rate.Value, 0, long.MaxValue))
            .Select(rate => $"bandwidth.{rate.Name} is not one of {string.Join(", ", Rates)} with a number of bits").FirstOrDefault();
    }

    private static string? MappingsError(JsonElement? mappings)
    {
        if (mappings is null or { ValueKind: JsonValueKind.Null })
            return null;
        return mappings.Value.ValueKind is JsonValueKind.Array
            ? mappings.Value.EnumerateArray().Select(MappingError).FirstOrDefault(error => error is not null)
            : "portMappings is not a list";
    }

    private static string? MappingError(JsonElement mapping)
    {
        if (mapping.ValueKind is not JsonValueKind.Object)
            return "portMappings holds something that is not an object";
        foreach (var port in new[] { "hostPort", "containerPort" })
        {
            if (!mapping.TryGetProperty(port, out var number) || !IsWithin(number, 1, ushort.MaxValue))
                return $"portMappings: {port} is not a port between 1 and {ushort.MaxValue}";
        }
        if (mapping.TryGetProperty("protocol", out var protocol) && Text(protocol)?.ToLowerInvariant() is not ("" or "tcp" or "udp" or "sctp"))
            return $"portMappings: protocol {protocol.GetRawText()} is none of tcp, udp, sctp";
        return mapping.TryGetProperty("hostIP", out var address) && Text(address) is not "" && !AddressText.TryParse(Text(address) ?? "", out _)
            ? $"portMappings: hostIP {address.GetRawText()} is not an IP address"
            : null;
    }

    private static bool IsWithin(JsonElement number, long least, long most) =>
        number.ValueKind is JsonValueKind.Number && number.TryGetInt64(out var value) && value >= least && value <= most;

    private static string? Text(JsonElement text) => text.ValueKind is JsonValueKind.String ? text.GetString() : null;

    [GeneratedRegex("^([0-9A-Fa-f]{2}:){7}[0-9A-Fa-f]{2}\\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Guid();
}
