using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>The files of a kubeconfig, before a context is chosen.</summary>
internal sealed class Kubeconfig
{
    private readonly List<KubeconfigFile> _files;
    private readonly string _name;

    private Kubeconfig(List<KubeconfigFile> files, string name) => (_files, _name) = (files, name);

    public static Kubeconfig Load(string? path)
    {
        var explicitly = !string.IsNullOrEmpty(path);
        var name = explicitly ? path! : Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } variable ? variable : Default();
        var paths = name.Split(':', StringSplitOptions.RemoveEmptyEntries).Distinct().ToList();
        // Of several files some may be missing, as with kubectl; a single one may not.
        var files = paths.Where(file => paths.Count == 1 || File.Exists(file)).Select(KubeconfigFile.Read).ToList();
        return files.Count > 0 ? new Kubeconfig(files, name) : throw new KubeconfigException($"{name}: none of the files exists");
    }

    public KubernetesConfig Resolve(string? wanted, TimeProvider time)
    {
        var contextName = wanted ?? _files.Select(file => file.Root.Text("current-context")).FirstOrDefault(text => text is { Length: > 0 })
            ?? throw new KubeconfigException($"{_name}: no current-context, and none was named");
        var context = Named("contexts", "context", contextName);
        var cluster = Named("clusters", "cluster", context.Text("cluster")
            ?? throw new KubeconfigException($"{_name}: context \"{contextName}\" names no cluster"));
        var user = context.Text("user") is { Length: > 0 } userName ? Named("users", "user", userName) : null;
        return Build(context, cluster, user, time);
    }

    private KubernetesConfig Build(KubeconfigEntry context, KubeconfigEntry cluster, KubeconfigEntry? user, TimeProvider time)
    {
        var server = cluster.Text("server") ?? throw cluster.Wrong("has no server");
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
            throw cluster.Wrong($"server \"{server}\" is not an http or https address");
        return new KubernetesConfig
        {
            Server = address,
            Namespace = context.Text("namespace") is { Length: > 0 } inNamespace ? inNamespace : "default",
            CertificateAuthorities = cluster.Pem("certificate-authority") is { } pem
                ? cluster.Try("certificate-authority", () => ClientCertificates.Authorities(pem))
                : null,
            SkipTlsVerify = cluster.Flag("insecure-skip-tls-verify"),
            TlsServerName = cluster.Text("tls-server-name"),
            ClientCertificate = user is null ? null : Certificate(user),
            Credential = user is null ? null : Credential(cluster, user, time),
        };
    }

    private static X509Certificate2? Certificate(KubeconfigEntry user)
    {
        var certificate = user.Pem("client-certificate");
        var key = user.Pem("client-key");
        if (certificate is null && key is null)
            return null;
        if (certificate is null || key is null)
            throw user.Wrong(certificate is null ? "has a client-key but no client-certificate" : "has a client-certificate but no client-key");
        return user.Try("client-certificate", () => ClientCertificates.FromPem(certificate, key));
    }

    /// <summary>kubectl's order: a token's file beats a token, both beat a login, all beat a program.</summary>
    private static Credential? Credential(KubeconfigEntry cluster, KubeconfigEntry user, TimeProvider time)
    {
        if (user.Text("tokenFile") is { Length: > 0 } file)
            return new TokenFile(user.Relative(file), time);
        if (user.Text("token") is { Length: > 0 } token)
            return new BearerToken(token);
        if (user.Text("username") is { Length: > 0 } name)
            return new BasicLogin(name, user.Text("password") ?? "");
        return user.Child("exec") is { } exec ? new ExecCredential(Plugin(cluster, user, exec), time) : null;
    }

    private static ExecPlugin Plugin(KubeconfigEntry cluster, KubeconfigEntry user, KubeconfigEntry exec)
    {
        var command = exec.Text("command") ?? throw user.Wrong("exec has no command");
        if (exec.Text("interactiveMode") == "Always")
            throw user.Wrong($"exec {command} wants a terminal (interactiveMode: Always)");
        return new ExecPlugin(
            command.Contains('/') ? user.Relative(command) : command,
            exec.Texts("args"),
            exec.Children("env").ToDictionary(entry => entry.Text("name") ?? "", entry => entry.Text("value") ?? ""),
            exec.Text("apiVersion") ?? throw user.Wrong("exec has no apiVersion"))
        {
            InstallHint = exec.Text("installHint"),
            Cluster = exec.Flag("provideClusterInfo") ? ClusterInfo(cluster) : null,
        };
    }

    private static JsonObject ClusterInfo(KubeconfigEntry cluster)
    {
        var info = new JsonObject { ["server"] = cluster.Text("server") };
        if (cluster.Pem("certificate-authority") is { } pem)
            info["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
        if (cluster.Text("tls-server-name") is { Length: > 0 } name)
            info["tls-server-name"] = name;
        if (cluster.Flag("insecure-skip-tls-verify"))
            info["insecure-skip-tls-verify"] = true;
        return info;
    }

    private KubeconfigEntry Named(string list, string member, string name)
    {
        foreach (var file in _files)
            foreach (var entry in file.Root.Children(list))
                if (entry.Text("name") == name)
                    return entry.Child(member, $"{member} \"{name}\"") ?? throw entry.Wrong($"{member} \"{name}\" is empty");
        throw new KubeconfigException($"{_name}: there is no {member} \"{name}\"");
    }

    private static string Default() => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
}
