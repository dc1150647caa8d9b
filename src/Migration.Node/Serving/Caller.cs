using System.Security.Cryptography.X509Certificates;
using Grpc.Core;

namespace Migration.Node.Serving;

/// <summary>Who calls: this host by the unix socket, the controllers, or another node. By the certificate's name alone.</summary>
internal sealed record Caller(bool IsTrustedWithEverything, string? Node)
{
    public static Caller Of(ServerCallContext context)
    {
        var http = context.GetHttpContext();
        // Only TCP listeners have addresses; the unix socket is guarded by its file's rights.
        if (http.Connection.LocalIpAddress is null)
            return new(true, null);
        return Of(http.Connection.ClientCertificate);
    }

    private static Caller Of(X509Certificate2? certificate) =>
        NodeIdentity.CommonName(certificate) == NodeIdentity.ControllersName ? new(true, null)
        : NodeIdentity.NodeName(certificate) is { } node ? new(false, node)
        : new(false, null);
}
