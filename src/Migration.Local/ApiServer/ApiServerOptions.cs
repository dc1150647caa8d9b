using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

/// <summary>How an embedded API server is started.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Signs the serving certificate and is trusted for client certificates.</summary>
    public required CertificateAuthority Authority { get; init; }

    /// <summary>Addresses to listen on; port 0 takes a free one, see <see cref="EmbeddedApiServer.Url"/>.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; init; } = [];

    /// <summary>Bound TCP sockets to listen on, for instance made in another network namespace. The server does not close them.</summary>
    public IReadOnlyList<SafeSocketHandle> Listeners { get; init; } = [];

    /// <summary>Addresses the serving certificate is good for, besides those of <see cref="Endpoints"/>.</summary>
    public IReadOnlyList<IPAddress> CertificateAddresses { get; init; } = [];

    public string ClusterName { get; init; } = "migration";

    /// <summary>Where the objects are kept, so that a server started with the same directory goes on with them; null keeps them in memory.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>Directory whose YAML files (CustomResourceDefinitions) are loaded before the first request is answered.</summary>
    public string? ManifestDirectory { get; init; }

    /// <summary>Further YAML files to load, after those of the directory.</summary>
    public IReadOnlyList<string> ManifestFiles { get; init; } = [];

    /// <summary>Bearer token that is the administrator's, besides client certificates.</summary>
    public string? AdminToken { get; init; }

    /// <summary>Opens a container's log; without it <c>kubectl logs</c> says that logs are not available.</summary>
    public PodLogSource? PodLogs { get; init; }

    /// <summary>Makes the sockets for calls to webhooks, in the network namespace from which they are reached; by default in the server's own.</summary>
    public Func<AddressFamily, Socket>? Dialler { get; init; }

    /// <summary>Serves exec, attach and port-forward; without it they are answered with 501.</summary>
    public PodStreamHandler? PodStreams { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory? Logging { get; init; }
}
