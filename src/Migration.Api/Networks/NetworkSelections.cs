using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Migration.Api;

/// <summary>
/// The annotation <see cref="Annotations.Networks"/>, read and written. It has two forms (de-facto standard 1.3 §4.1):
/// "[namespace/]name[@interface], …", and a JSON list of objects. Written is the second, which can say everything.
/// </summary>
public static partial class NetworkSelections
{
    /// <summary>More than any machine has slots for.</summary>
    public const int Most = 64;

    private const int LongestInterfaceName = 15;

    /// <param name="annotation">As a user wrote it.</param>
    /// <param name="inNamespace">Of a network that names none.</param>
    /// <param name="selections">Each with its namespace.</param>
    /// <param name="error">What is wrong with it; one mistake makes all of it void.</param>
    public static bool TryParse(
        string annotation, string inNamespace, [NotNullWhen(true)] out IReadOnlyList<NetworkSelection>? selections, [NotNullWhen(false)] out string? error)
    {
        selections = null;
        if (Elements(annotation, out error) is not { } elements)
        {
            error ??= "is not a list of networks";
            return false;
        }
        if (elements.Count > Most)
        {
            error = $"asks for {elements.Count} networks; {Most} is the limit";
            return false;
        }
        var read = new List<NetworkSelection>();
        foreach (var element in elements)
        {
            var selection = element with { Namespace = string.IsNullOrEmpty(element.Namespace) ? inNamespace : element.Namespace };
            error = Error(selection) ?? Clash(read, selection);
            if (error is not null)
                return false;
            read.Add(selection);
        }
        selections = read;
        return true;
    }

    /// <summary>What is readable of an annotation that was checked before, or that another controller wrote.</summary>
    public static IReadOnlyList<NetworkSelection> Read(string? annotation, string inNamespace) =>
        TryParse(annotation ?? "", inNamespace, out var selections, out _) ? selections : [];

    public static string Write(IEnumerable<NetworkSelection> selections) => JsonSerializer.Serialize([.. selections], ApiJson.Default.ListNetworkSelection);

    /// <summary>"[namespace/]name", as <see cref="MultusNetwork.NetworkName"/> has it.</summary>
    public static (string Namespace, string Name) Split(string networkName, string inNamespace) =>
        networkName.Split('/', 2) is [var space, var name] ? (space, name) : (inNamespace, networkName);

    // Multus takes what looks like JSON for JSON.
    private static IReadOnlyList<NetworkSelection>? Elements(string annotation, out string? error)
    {
        error = null;
        if (string.IsNullOrWhiteSpace(annotation))
            return [];
        return annotation.AsSpan().IndexOfAny("[{\"") >= 0 ? FromJson(annotation, out error) : FromList(annotation, out error);
    }

    private static List<NetworkSelection>? FromJson(string annotation, out string? error)
    {
        try
        {
            var elements = JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(annotation), ApiJson.Default.ListNetworkSelection);
            error = elements?.TrueForAll(element => element is not null) == true ? null : "is not a list of networks";
            return error is null ? elements : null;
        }
        catch (JsonException e)
        {
            error = $"is not a list of networks: {e.Message}";
            return null;
        }
    }

    private static List<NetworkSelection>? FromList(string annotation, out string? error)
    {
        error = null;
        var elements = new List<NetworkSelection>();
        foreach (var item in annotation.Split(','))
        {
            if (Short().Match(item) is not { Success: true } match)
            {
                error = $"'{item.Trim()}' is not a network like namespace/name@interface";
                return null;
            }
            elements.Add(new NetworkSelection
            {
                Name = match.Groups["name"].Value,
                Namespace = Given(match.Groups["namespace"]),
                Interface = Given(match.Groups["interface"]),
            });
        }
        return elements;
    }

    private static string? Given(Group group) => group.Success ? group.Value : null;

    private static string? Error(NetworkSelection selection)
    {
        if (!ObjectName().IsMatch(selection.Name) || !ObjectName().IsMatch(selection.Namespace ?? ""))
            return $"'{selection.Definition}' does not name a NetworkAttachmentDefinition";
        if (!string.IsNullOrEmpty(selection.Interface) && !IsInterfaceName(selection.Interface))
            return $"{selection.Definition}: '{selection.Interface}' is not the name of a network interface";
        if (!string.IsNullOrEmpty(selection.Mac) && !InstanceValidation.IsMac(selection.Mac))
            return $"{selection.Definition}: '{selection.Mac}' is not a MAC address, e.g. 02:00:00:12:34:56";
        if (selection.Ips?.FirstOrDefault(address => !IsAddress(address)) is { } address)
            return $"{selection.Definition}: '{address}' is not an IP address, with or without a prefix length";
        if (selection.DefaultRoute?.FirstOrDefault(gateway => !AddressText.TryParse(gateway, out _)) is { } gateway)
            return $"{selection.Definition}: default-route '{gateway}' is not an IP address";
        if (selection.CniArgs is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null) })
            return $"{selection.Definition}: cni-args is not an object";
        return SelectionCapabilities.Error(selection) is { } error ? $"{selection.Definition}: {error}" : null;
    }

    private static string? Clash(List<NetworkSelection> before, NetworkSelection selection)
    {
        if (!string.IsNullOrEmpty(selection.Interface) && before.Exists(other => other.Interface == selection.Interface))
            return $"{selection.Definition}: interface '{selection.Interface}' is asked for twice";
        return selection.DefaultRoute is { Count: > 0 } && before.Exists(other => other.DefaultRoute is { Count: > 0 })
            ? $"{selection.Definition}: only one network can have a default-route"
            : null;
    }

    // kernel net/core/dev.c, dev_valid_name; the first NIC of a pod and its loopback are not for others.
    private static bool IsInterfaceName(string name) =>
        name.Length <= LongestInterfaceName && name is not ("." or ".." or "lo" or PodInterfaceNames.Primary) && !name.Any(c => c is '/' or ':' || char.IsWhiteSpace(c) || char.IsControl(c));

    private static bool IsAddress(string? text) =>
        text is not null && (AddressText.TryParse(text, out _) || AddressText.TryParsePrefix(text, out _, out _));

    [GeneratedRegex(@"^\s*((?<namespace>[^\s/@]+)/)?(?<name>[^\s/@]+)(@(?<interface>[^\s/@]+))?\s*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Short();

    // RFC 1123, as the API server has names of objects.
    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex ObjectName();
}
