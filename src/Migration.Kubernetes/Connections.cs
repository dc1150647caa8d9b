using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Kubernetes;

/// <summary>Makes the socket handler a configuration asks for.</summary>
internal static class Connections
{
    public static SocketsHttpHandler Handler(KubernetesConfig config) => new()
    {
        SslOptions = Tls(config),
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = config.UseProxy,
        AutomaticDecompression = System.Net.DecompressionMethods.GZip,
        PooledConnectionLifetime = TimeSpan.FromMinutes(30),
        EnableMultipleHttp2Connections = true,
        // A peer that vanished without a word is noticed in under a minute, watches included.
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        ConnectTimeout = TimeSpan.FromSeconds(10),
    };

    private static SslClientAuthenticationOptions Tls(KubernetesConfig config) => new()
    {
        EnabledSslProtocols = SslProtocols.None,
        LocalCertificateSelectionCallback = (_, _, _, _, _) => config.Credential?.ClientCertificate ?? config.ClientCertificate!,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) => Trusts(config, certificate, errors),
    };

    private static bool Trusts(KubernetesConfig config, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (config.SkipTlsVerify)
            return true;
        if (config.CertificateAuthorities is not { Count: > 0 } authorities)
            return errors == SslPolicyErrors.None;
        const SslPolicyErrors NotTheServer = SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable;
        if (certificate is not X509Certificate2 leaf || (errors & NotTheServer) != 0)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(leaf);
    }
}
