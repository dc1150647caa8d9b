using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>How a kubeconfig says a credential program is run.</summary>
public sealed record ExecPlugin(string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string ApiVersion)
{
    /// <summary>What to tell people when the program is not there.</summary>
    public string? InstallHint { get; init; }

    /// <summary>The cluster, for programs that asked for it by <c>provideClusterInfo</c>.</summary>
    public JsonObject? Cluster { get; init; }

    internal string ExecInfo()
    {
        var spec = new JsonObject { ["interactive"] = false };
        if (Cluster is not null)
            spec["cluster"] = Cluster.DeepClone();
        return new JsonObject { ["kind"] = "ExecCredential", ["apiVersion"] = ApiVersion, ["spec"] = spec }.ToJsonString();
    }
}
