namespace Migration.Cni;

/// <summary>The versions of the specification that we speak.</summary>
internal static class CniVersion
{
    /// <summary>Runtimes want the very string of their configuration in the list, so each is named.</summary>
    public static readonly string[] Supported = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    public const string Newest = "1.1.0", FirstWithCheck = "0.4.0", FirstWithCollect = "1.1.0";

    /// <summary>What a configuration without version is (specification 0.1.0).</summary>
    public const string Unsaid = "0.1.0";

    public static bool IsSupported(string version) => Array.IndexOf(Supported, version) >= 0;

    public static bool IsAtLeast(string version, string other) => Array.IndexOf(Supported, version) >= Array.IndexOf(Supported, other);
}
