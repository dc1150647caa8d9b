using System.Net;
using Migration.Controllers.Admission;
using Migration.Controllers.Migrations;
using Migration.Controllers.Networks;

namespace Migration.Controllers;

/// <summary>How the controllers run: from the command line, with what KubeVirt takes where nothing is said.</summary>
public sealed record ControllerOptions
{
    /// <summary>Null: the service account of the pod we run in.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>A directory with ca.crt, tls.crt and tls.key.</summary>
    public required string Certificates { get; init; }

    public int NodePort { get; init; } = 7411;

    /// <summary>Where the leader lease is.</summary>
    public string Namespace { get; init; } = "migration-system";

    /// <summary>Who holds the leader lease when we do; unique among the replicas.</summary>
    public required string Identity { get; init; }

    /// <summary>Where the live page and <c>/metrics</c> are read, by anybody who reaches it. Null: nowhere.</summary>
    public IPEndPoint? HttpListen { get; init; }

    /// <summary>The image of the launcher pods.</summary>
    public string LauncherImage { get; init; } = "migration-launcher";

    public AttachmentPolicy Networks { get; init; } = new();

    /// <summary>Null: no webhooks are served. Controllers validate and default all the same.</summary>
    public WebhookOptions? Webhooks { get; init; }

    public MigrationLimits Limits { get; init; } = new();

    /// <summary>What becomes of guests that name no eviction strategy when their pod is to be evicted.</summary>
    public string EvictionStrategy { get; init; } = Api.EvictionStrategy.None;
}
