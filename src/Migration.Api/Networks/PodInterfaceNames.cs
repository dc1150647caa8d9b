using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Migration.Api;

/// <summary>
/// What a guest NIC's pod NIC is called. By KubeVirt's present scheme the name is a hash of the network's name, so that
/// adding and removing others never renames it; pods of its former scheme have net1, net2… in the order of the networks.
/// </summary>
public static partial class PodInterfaceNames
{
    /// <summary>Of the pod network, or of what stands in its place.</summary>
    public const string Primary = "eth0";

    private const int HashDigits = 11;

    /// <summary>The pod NIC of each network, by the network's name.</summary>
    /// <param name="networks">Of the spec, in their order.</param>
    /// <param name="reported">Names that the pod's NICs have been seen to have; they tell the pod's scheme.</param>
    public static IReadOnlyDictionary<string, string> Of(IEnumerable<Network> networks, IEnumerable<string?> reported)
    {
        var isOrdinal = reported.Any(IsOrdinal);
        var names = new Dictionary<string, string>();
        var ordinal = 0;
        foreach (var network in networks)
        {
            var name = network.IsDefault ? Primary : isOrdinal ? Ordinal(++ordinal) : Hashed(network.Name);
            names.TryAdd(network.Name, name);
        }
        return names;
    }

    public static string Hashed(string network) => "pod" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(network)))[..HashDigits];

    public static bool IsOrdinal(string? podInterface) => podInterface is not null && OrdinalName().IsMatch(podInterface);

    private static string Ordinal(int number) => "net" + number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^net[0-9]+\z")]
    private static partial Regex OrdinalName();
}
