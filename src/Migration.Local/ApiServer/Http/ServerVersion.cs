using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The Kubernetes version whose API this server speaks.</summary>
internal static class ServerVersion
{
    private const string Minor = "32";

    public static JsonObject Document => new()
    {
        ["major"] = "1",
        ["minor"] = Minor,
        ["gitVersion"] = $"v1.{Minor}.0+migration",
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = RuntimeInformation.FrameworkDescription,
        ["compiler"] = "roslyn",
        ["platform"] = $"linux/{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant() switch { "x64" => "amd64", var other => other }}",
    };
}
