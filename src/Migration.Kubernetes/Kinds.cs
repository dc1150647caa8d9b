namespace Migration.Kubernetes;

/// <summary>The built-in kinds we use.</summary>
public static class Kinds
{
    public static readonly ResourceKind<Pod> Pods = new("", "v1", "Pod", "pods", true, KubernetesJson.Default.Pod);

    public static readonly ResourceKind<Node> Nodes = new("", "v1", "Node", "nodes", false, KubernetesJson.Default.Node);

    public static readonly ResourceKind<Namespace> Namespaces = new("", "v1", "Namespace", "namespaces", false, KubernetesJson.Default.Namespace);

    public static readonly ResourceKind<ConfigMap> ConfigMaps =
        new("", "v1", "ConfigMap", "configmaps", true, KubernetesJson.Default.ConfigMap) { HasStatus = false };

    public static readonly ResourceKind<Secret> Secrets =
        new("", "v1", "Secret", "secrets", true, KubernetesJson.Default.Secret) { HasStatus = false };

    /// <summary>Its status is a subresource that we never write.</summary>
    public static readonly ResourceKind<Service> Services = new("", "v1", "Service", "services", true, KubernetesJson.Default.Service);

    public static readonly ResourceKind<Endpoints> Endpoints =
        new("", "v1", "Endpoints", "endpoints", true, KubernetesJson.Default.Endpoints) { HasStatus = false };

    public static readonly ResourceKind<EndpointSlice> EndpointSlices =
        new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, KubernetesJson.Default.EndpointSlice) { HasStatus = false };

    public static readonly ResourceKind<PersistentVolumeClaim> Claims =
        new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, KubernetesJson.Default.PersistentVolumeClaim);

    public static readonly ResourceKind<PersistentVolume> Volumes =
        new("", "v1", "PersistentVolume", "persistentvolumes", false, KubernetesJson.Default.PersistentVolume);

    public static readonly ResourceKind<Event> Events =
        new("", "v1", "Event", "events", true, KubernetesJson.Default.Event) { HasStatus = false };

    public static readonly ResourceKind<Lease> Leases =
        new("coordination.k8s.io", "v1", "Lease", "leases", true, KubernetesJson.Default.Lease) { HasStatus = false };

    /// <summary>Any kind, known by its metadata only.</summary>
    public static ResourceKind<PartialObject> Partial(string group, string version, string kind, string plural, bool namespaced) =>
        new(group, version, kind, plural, namespaced, KubernetesJson.Default.PartialObject);
}
