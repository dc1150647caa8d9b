using System.Security.Cryptography.X509Certificates;

namespace Migration.Kubernetes;

/// <summary>Where the API server is, how it proves itself and how we do.</summary>
public sealed record KubernetesConfig
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    public required Uri Server { get; init; }

    public string Namespace { get; init; } = "default";

    /// <summary>Whom to trust; null for the system's authorities.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    public bool SkipTlsVerify { get; init; }

    /// <summary>The name in the server's certificate, where it is not the address's.</summary>
    public string? TlsServerName { get; init; }

    public X509Certificate2? ClientCertificate { get; init; }

    public Credential? Credential { get; init; }

    public string UserAgent { get; init; } = "migration/1.0";

    /// <summary>Honour HTTPS_PROXY. Off unless asked for: controllers talk to their own cluster.</summary>
    public bool UseProxy { get; init; }

    /// <summary>
    /// Reads a kubeconfig. <paramref name="path"/> may name several files separated by colons, merged as kubectl does: the first to
    /// say something wins. Null means <c>$KUBECONFIG</c>, else <c>~/.kube/config</c>. Errors are <see cref="KubeconfigException"/>.
    /// </summary>
    public static KubernetesConfig FromKubeconfig(string? path = null, string? context = null, TimeProvider? time = null) =>
        Kubeconfig.Load(path).Resolve(context, time ?? TimeProvider.System);

    /// <summary>For a pod: the service account's files and the environment the kubelet sets.</summary>
    public static KubernetesConfig InCluster(TimeProvider? time = null) =>
        InCluster(ServiceAccount, Environment.GetEnvironmentVariable, time ?? TimeProvider.System);

    internal static KubernetesConfig InCluster(string directory, Func<string, string?> environment, TimeProvider time)
    {
        var host = environment("KUBERNETES_SERVICE_HOST");
        var port = environment("KUBERNETES_SERVICE_PORT");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
            throw new KubeconfigException("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
        var authorities = Path.Combine(directory, "ca.crt");
        if (!File.Exists(authorities))
            throw new KubeconfigException($"no service account is mounted: {authorities} is not there");
        var ownNamespace = Path.Combine(directory, "namespace");
        return new KubernetesConfig
        {
            Server = new Uri($"https://{(host.Contains(':') ? $"[{host}]" : host)}:{port}"),
            CertificateAuthorities = ClientCertificates.Authorities(File.ReadAllText(authorities)),
            Credential = new TokenFile(Path.Combine(directory, "token"), time),
            Namespace = File.Exists(ownNamespace) ? File.ReadAllText(ownNamespace).Trim() : "default",
        };
    }
}
