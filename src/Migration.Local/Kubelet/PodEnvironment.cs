using System.Text;
using System.Text.RegularExpressions;
using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>A container's environment variables, put together from everything that may say them, and <c>$(NAME)</c> in its command.</summary>
internal sealed partial class PodEnvironment(ClusterObjects objects, Pod pod, string hostAddress, IReadOnlyList<string> addresses)
{
    /// <exception cref="PodRefusedException">Something that is needed is not there (yet).</exception>
    public async Task<Dictionary<string, string>> OfAsync(Container container, CancellationToken ct)
    {
        var environment = new Dictionary<string, string> { ["HOSTNAME"] = pod.Spec?.Hostname ?? pod.Metadata.Name! };
        foreach (var (name, value) in await objects.ServiceVariablesAsync(pod, ct))
            environment[name] = value;
        foreach (var source in container.EnvFrom ?? [])
        {
            foreach (var (name, value) in await AllAsync(source, ct))
                environment[(source.Prefix ?? "") + name] = value;
        }

        foreach (var variable in container.Env ?? [])
        {
            if (variable.Name is { } name && await ValueAsync(container, variable, environment, ct) is { } value)
                environment[name] = value;
        }

        return environment;
    }

    /// <summary><c>$(NAME)</c> becomes the variable's value, <c>$$</c> a dollar sign; what is not known stays as it is.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string> environment) =>
        Reference().Replace(text, match => match.Value == "$$" ? "$" : environment.GetValueOrDefault(match.Groups["name"].Value) ?? match.Value);

    private async Task<string?> ValueAsync(Container container, EnvVar variable, Dictionary<string, string> known, CancellationToken ct) => variable.ValueFrom switch
    {
        null => Expand(variable.Value ?? "", known),
        { FieldRef.FieldPath: { } path } => PodFields.Of(pod, path, hostAddress, addresses),
        { ResourceFieldRef: { } resource } => PodFields.Of(pod, container, resource),
        { ConfigMapKeyRef: { } key } => await objects.ConfigMapAsync(pod, key.Name, key.Optional, ct) is { } map ? Entry(map.Data, key, $"config map {key.Name}") : null,
        { SecretKeyRef: { } key } => await objects.SecretAsync(pod, key.Name, key.Optional, ct) is { } secret ? Entry(Texts(secret), key, $"secret {key.Name}") : null,
        _ => throw new PodRefusedException($"env {variable.Name}: its source is not known"),
    };

    private async Task<IReadOnlyDictionary<string, string>> AllAsync(EnvFromSource source, CancellationToken ct) => source switch
    {
        { ConfigMapRef: { } map } => (await objects.ConfigMapAsync(pod, map.Name, map.Optional, ct))?.Data ?? new Dictionary<string, string>(),
        { SecretRef: { } secret } => await objects.SecretAsync(pod, secret.Name, secret.Optional, ct) is { } found ? Texts(found) : new Dictionary<string, string>(),
        _ => throw new PodRefusedException("envFrom: neither configMapRef nor secretRef"),
    };

    private static string? Entry(IReadOnlyDictionary<string, string>? entries, KeySelector key, string of) =>
        entries?.GetValueOrDefault(key.Key ?? "") ?? (key.Optional == true ? null : throw new PodRefusedException($"couldn't find key {key.Key} in {of}"));

    private static Dictionary<string, string> Texts(Secret secret) =>
        (secret.Data ?? new Dictionary<string, string>()).ToDictionary(entry => entry.Key, entry => Encoding.UTF8.GetString(Convert.FromBase64String(entry.Value)));

    [GeneratedRegex(@"\$\$|\$\((?<name>[^()\s]+)\)")]
    private static partial Regex Reference();
}
