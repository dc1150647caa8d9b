using System.Security.Cryptography;
using System.Text;

namespace Migration.Node.Networks;

/// <summary>
/// The names of all links that belong to one pod NIC: KubeVirt's, so that its users' tools find what they look for
///. <c>eth0</c> → k6t-eth0, eth0-nic, tap0; <c>pod72ad293a5c9</c> → k6t-72ad293a5c9, 72ad293a5c9-nic, tap72ad293a5c9.
/// </summary>
internal sealed record PodNicNames
{
    private const string Hashed = "pod", Ordinal = "net";

    // Interface names have 15 characters at most; "k6t-" and "-nic" want four of them.
    private const int LongestBase = 11;

    private PodNicNames(string nic, string tail, string tap) => (Nic, Tail, Tap) = (nic, tail, tap);

    /// <summary>What the CNI called it, and the pod goes on calling it.</summary>
    public string Nic { get; }

    /// <summary>What the guest's traffic goes through.</summary>
    public string Tap { get; }

    /// <summary>The bridge in the pod (takeover, masquerade).</summary>
    public string Bridge => $"k6t-{Tail}";

    /// <summary>The NIC itself while another link has its name (takeover).</summary>
    public string Renamed => $"{Tail}-nic";

    /// <summary>The far end of the link that has the NIC's name, where that is a veth (takeover).</summary>
    public string Parked => $"{Tail}-off";

    /// <summary>What kept the NIC's name, once it has given it back (takeover).</summary>
    public string Retired => $"{Tail}-old";

    private string Tail { get; }

    public static PodNicNames Of(string nic)
    {
        var bare = nic.StartsWith(Hashed, StringComparison.Ordinal) && nic.Length > Hashed.Length ? nic[Hashed.Length..] : nic;
        var tail = bare.Length <= LongestBase ? bare : Digest(nic);
        return new PodNicNames(nic, tail, $"tap{TapTail(nic, tail)}");
    }

    public override string ToString() => Nic;

    private static string TapTail(string nic, string tail) =>
        nic == "eth0" ? "0"
        : nic.StartsWith(Ordinal, StringComparison.Ordinal) && int.TryParse(nic.AsSpan(Ordinal.Length), out var number) && number > 0 ? nic[Ordinal.Length..]
        : tail;

    private static string Digest(string nic) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(nic)))[..LongestBase];
}
