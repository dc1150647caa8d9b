using System.Net;
using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>Where a Service's port is served just now: a ready pod that it selects, or what its Endpoints say.</summary>
internal sealed class ServiceAddresses(Store store)
{
    private int _turn;

    /// <exception cref="HttpRequestException">There is no such service, or nobody serves it.</exception>
    public IPEndPoint Find(string scope, string name, int port)
    {
        var service = store.Get("services", new ObjectKey(scope, name)) ?? throw new HttpRequestException($"service \"{name}\" not found");
        var wanted = service.Root.Items("spec", "ports").FirstOrDefault(p => p.Find("port")?.GetInt32() == port);
        if (wanted.ValueKind != JsonValueKind.Object)
            throw new HttpRequestException($"no service port {port} found for service \"{name}\"");
        var served = Selected(service, wanted).Concat(Listed(service, wanted)).ToList();
        return served.Count > 0
            ? served[(int)((uint)Interlocked.Increment(ref _turn) % served.Count)]
            : throw new HttpRequestException($"no endpoints available for service \"{name}\"");
    }

    private IEnumerable<IPEndPoint> Selected(StoredObject service, JsonElement port)
    {
        if (service.Root.Find("spec", "selector") is not { ValueKind: JsonValueKind.Object } selector)
            return [];
        var labels = selector.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString(), StringComparer.Ordinal);
        return store.List("pods").Objects.Values
            .Where(pod => pod.Namespace == service.Namespace && !pod.IsDeleting && labels.All(l => pod.Labels.GetValueOrDefault(l.Key) == l.Value) && IsReady(pod))
            .Select(pod => EndPoint(pod.Root.Text("status", "podIP"), TargetPort(pod, port)))
            .OfType<IPEndPoint>();
    }

    /// <summary>Endpoints that somebody wrote down, for a service without selector.</summary>
    private IEnumerable<IPEndPoint> Listed(StoredObject service, JsonElement port)
    {
        if (service.Root.Find("spec", "selector") is not null || store.Get("endpoints", service.Key) is not { } endpoints)
            return [];
        return from subset in endpoints.Root.Items("subsets")
               from served in subset.Items("ports")
               where served.Text("name") == port.Text("name")
               from address in subset.Items("addresses")
               select EndPoint(address.Text("ip"), served.Find("port")?.GetInt32()) into found
               where found is not null
               select found;
    }

    private static bool IsReady(StoredObject pod) =>
        pod.Root.Items("status", "conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");

    private static int? TargetPort(StoredObject pod, JsonElement port)
    {
        if (port.Find("targetPort") is not { } target)
            return port.Find("port")?.GetInt32();
        if (target.ValueKind == JsonValueKind.Number)
            return target.GetInt32();
        var name = target.GetString();
        return pod.Root.Items("spec", "containers").SelectMany(c => c.Items("ports"))
            .FirstOrDefault(p => p.Text("name") == name) is { ValueKind: JsonValueKind.Object } found ? found.Find("containerPort")?.GetInt32() : null;
    }

    private static IPEndPoint? EndPoint(string? address, int? port) =>
        port is { } number && IPAddress.TryParse(address, out var parsed) ? new IPEndPoint(parsed, number) : null;
}
