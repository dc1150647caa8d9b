using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Controllers.Nodes;

/// <summary>
/// Who we are to nodes, and how we know them: both ends show a certificate of the same authority, and a node's bears
/// its name. Addresses and host names prove nothing here. Files are read anew for every connection, so that renewed
/// certificates are taken up.
/// </summary>
public sealed class NodeCertificates(string directory)
{
    private const string NodePrefix = "migration:node:";
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(5);

    /// <summary>Connections to this node and no other.</summary>
    /// <exception cref="NodeCertificateException">A file is missing or not what it should be.</exception>
    public SocketsHttpHandler ConnectionsTo(string node)
    {
        var authority = LoadAuthority();
        var own = LoadOwn();
        return new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            // A node that vanishes without a word is noticed within two pings.
            KeepAlivePingDelay = PingAfter,
            KeepAlivePingTimeout = PingAfter,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            SslOptions = new SslClientAuthenticationOptions
            {
                TargetHost = node,
                ClientCertificateContext = SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true),
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2 shown && IsNode(shown, authority, node),
            },
        };
    }

    private static bool IsNode(X509Certificate2 shown, X509Certificate2 authority, string node)
    {
        if (shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false) != NodePrefix + node)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
    }

    private X509Certificate2 LoadOwn()
    {
        var (certificate, key) = (Path.Combine(directory, "tls.crt"), Path.Combine(directory, "tls.key"));
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new NodeCertificateException($"{certificate} with {key}", e);
        }
    }

    private X509Certificate2 LoadAuthority()
    {
        var path = Path.Combine(directory, "ca.crt");
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new NodeCertificateException(path, e);
        }
    }
}
