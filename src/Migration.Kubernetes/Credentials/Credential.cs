using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Kubernetes;

/// <summary>Who we are, where that changes while we run.</summary>
public abstract class Credential
{
    /// <summary>The header of the next request, or null for none.</summary>
    internal abstract ValueTask<AuthenticationHeaderValue?> AuthorizationAsync(CancellationToken ct);

    /// <summary>The server did not accept it: forget what is remembered. False when there is nothing newer to be had.</summary>
    internal abstract bool Renew();

    /// <summary>A client certificate that came with it.</summary>
    internal virtual X509Certificate2? ClientCertificate => null;
}
