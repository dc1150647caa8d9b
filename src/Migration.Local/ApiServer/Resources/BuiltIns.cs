namespace Migration.Local.ApiServer;

/// <summary>The built-in kinds, as a table. A kind is here when something in the embedded cluster acts on it or manifests commonly carry it.</summary>
internal static class BuiltIns
{
    /// <summary>
    /// apiVersion, plural, kind, then words: <c>ns</c> namespaced, <c>status</c> has the subresource, <c>gen</c> counts generations, <c>scale</c> has replicas,
    /// <c>short=a,b</c>, <c>cat=all</c>, <c>store=x</c> shares the storage of x, <c>select=field,…</c> selectable fields.
    /// </summary>
    private const string Table = """
        v1 bindings Binding ns verbs=create
        v1 configmaps ConfigMap ns short=cm
        v1 endpoints Endpoints ns short=ep
        v1 events Event ns short=ev select=involvedObject.kind,involvedObject.namespace,involvedObject.name,involvedObject.uid,involvedObject.apiVersion,involvedObject.resourceVersion,involvedObject.fieldPath,reason,reportingComponent,source,type
        v1 namespaces Namespace status short=ns select=status.phase verbs=create,delete,get,list,patch,update,watch
        v1 nodes Node status short=no select=spec.unschedulable
        v1 persistentvolumeclaims PersistentVolumeClaim ns status short=pvc
        v1 persistentvolumes PersistentVolume status short=pv
        v1 pods Pod ns status short=po cat=all select=spec.nodeName,spec.restartPolicy,spec.schedulerName,spec.serviceAccountName,spec.hostNetwork,status.phase,status.podIP,status.nominatedNodeName
        v1 resourcequotas ResourceQuota ns status short=quota
        v1 limitranges LimitRange ns short=limits
        v1 secrets Secret ns select=type
        v1 serviceaccounts ServiceAccount ns short=sa
        v1 services Service ns status short=svc cat=all select=spec.clusterIP,spec.type
        apps/v1 daemonsets DaemonSet ns status gen short=ds cat=all
        apps/v1 deployments Deployment ns status gen short=deploy cat=all scale
        events.k8s.io/v1 events Event ns short=ev store=events select=regarding.kind,regarding.namespace,regarding.name,regarding.uid,regarding.apiVersion,regarding.resourceVersion,regarding.fieldPath,reason,reportingController,type
        coordination.k8s.io/v1 leases Lease ns
        discovery.k8s.io/v1 endpointslices EndpointSlice ns
        policy/v1 poddisruptionbudgets PodDisruptionBudget ns status gen short=pdb
        networking.k8s.io/v1 networkpolicies NetworkPolicy ns gen short=netpol
        scheduling.k8s.io/v1 priorityclasses PriorityClass short=pc gen
        storage.k8s.io/v1 storageclasses StorageClass short=sc
        rbac.authorization.k8s.io/v1 roles Role ns
        rbac.authorization.k8s.io/v1 rolebindings RoleBinding ns
        rbac.authorization.k8s.io/v1 clusterroles ClusterRole
        rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding
        admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration gen cat=api-extensions
        admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration gen cat=api-extensions
        apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition status gen short=crd,crds cat=api-extensions
        authentication.k8s.io/v1 tokenreviews TokenReview verbs=create
        authentication.k8s.io/v1 selfsubjectreviews SelfSubjectReview verbs=create
        authorization.k8s.io/v1 selfsubjectaccessreviews SelfSubjectAccessReview verbs=create
        authorization.k8s.io/v1 selfsubjectrulesreviews SelfSubjectRulesReview verbs=create
        authorization.k8s.io/v1 subjectaccessreviews SubjectAccessReview verbs=create
        authorization.k8s.io/v1 localsubjectaccessreviews LocalSubjectAccessReview ns verbs=create
        """;

    public static IReadOnlyList<ResourceType> All { get; } =
        [.. Table.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Read)];

    private static ResourceType Read(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var slash = words[0].IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : words[0][..slash];
        var version = words[0][(slash + 1)..];
        var (plural, kind) = (words[1], words[2]);
        var own = group.Length == 0 ? plural : $"{plural}.{group}";
        var storage = Value(words, "store") ?? own;
        return new ResourceType
        {
            Group = group,
            Version = version,
            Plural = plural,
            Kind = kind,
            Singular = kind.ToLowerInvariant(),
            ListKind = kind + "List",
            Namespaced = words.Contains("ns"),
            HasStatus = words.Contains("status"),
            Scale = words.Contains("scale") ? new ScalePaths(".spec.replicas", ".status.replicas", null) : null,
            CountsGenerations = words.Contains("gen"),
            ShortNames = Values(words, "short"),
            Categories = Values(words, "cat"),
            Verbs = Value(words, "verbs") is null ? ResourceType.AllVerbs : Values(words, "verbs"),
            SelectableFields = Values(words, "select"),
            Schema = BuiltInSchemas.Root(kind, words[0]),
            Columns = BuiltInColumns.For(storage),
            Storage = storage,
            StorageApiVersion = storage == own ? words[0] : "v1",
        };
    }

    private static string? Value(string[] words, string name) =>
        words.FirstOrDefault(w => w.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    private static string[] Values(string[] words, string name) => Value(words, name)?.Split(',') ?? [];
}
