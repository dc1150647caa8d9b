using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Node;

/// <summary>
/// This node's certificate and the authority it trusts. Who a peer is stands in its certificate's common name:
/// <c>migration:node:NAME</c> or <c>migration:controllers</c>; host names and addresses prove nothing here.
/// </summary>
internal sealed class NodeIdentity
{
    public const string ControllersName = "migration:controllers";
    private const string NodePrefix = "migration:node:";

    /// <summary>AES-128 first: on every machine with AES instructions it is the cheapest.</summary>
    private static readonly CipherSuitesPolicy Ciphers = new([TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384]);
    private readonly X509Certificate2Collection _authorities = [];
    private readonly X509Certificate2 _certificate;

    private NodeIdentity(string directory)
    {
        _authorities.ImportFromPemFile(Path.Combine(directory, "ca.crt"));
        _certificate = X509Certificate2.CreateFromPemFile(Path.Combine(directory, "tls.crt"), Path.Combine(directory, "tls.key"));
    }

    public X509Certificate2 Certificate => _certificate;

    public static NodeIdentity? Load(string? directory) => directory is null ? null : new(directory);

    /// <summary>The node a certificate speaks for; null if it speaks for none.</summary>
    public static string? NodeName(X509Certificate? certificate) =>
        CommonName(certificate) is { } name && name.StartsWith(NodePrefix, StringComparison.Ordinal) ? name[NodePrefix.Length..] : null;

    public static string? CommonName(X509Certificate? certificate) =>
        (certificate as X509Certificate2)?.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    public bool IsTrusted(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 presented)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(presented);
    }

    public SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificate = _certificate,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        CipherSuitesPolicy = Ciphers,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, peer, _, _) => IsTrusted(peer),
    };

    /// <summary>For connecting to the node of this name and to nobody else.</summary>
    public SslClientAuthenticationOptions ClientOptions(string node) => new()
    {
        TargetHost = node,
        ClientCertificates = [_certificate],
        EnabledSslProtocols = SslProtocols.Tls13,
        CipherSuitesPolicy = Ciphers,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, peer, _, _) => IsTrusted(peer) && NodeName(peer) == node,
    };
}
