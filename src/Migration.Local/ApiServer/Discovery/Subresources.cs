namespace Migration.Local.ApiServer;

/// <summary>Which subresources a kind has.</summary>
internal static class Subresources
{
    private static readonly string[] Changeable = ["get", "patch", "update"];
    private static readonly string[] Create = ["create"];
    private static readonly string[] Connect = ["create", "get"];

    public static IReadOnlyList<Subresource> Of(ResourceType type)
    {
        var all = new List<Subresource>();
        if (type.HasStatus)
            all.Add(new Subresource("status", type.Group, type.Version, type.Kind, Changeable));
        if (type.Scale is not null)
            all.Add(new Subresource("scale", "autoscaling", "v1", "Scale", Changeable));
        switch (type.Storage)
        {
            case "pods":
                all.Add(new Subresource("binding", "", "v1", "Binding", Create));
                all.Add(new Subresource("eviction", "policy", "v1", "Eviction", Create));
                all.Add(new Subresource("resize", "", "v1", "Pod", Changeable));
                all.Add(new Subresource("log", "", "v1", "Pod", ["get"]));
                all.Add(new Subresource("exec", "", "v1", "PodExecOptions", Connect));
                all.Add(new Subresource("attach", "", "v1", "PodAttachOptions", Connect));
                all.Add(new Subresource("portforward", "", "v1", "PodPortForwardOptions", Connect));
                break;
            case "namespaces":
                all.Add(new Subresource("finalize", "", "v1", "Namespace", ["update"]));
                break;
            case "serviceaccounts":
                all.Add(new Subresource("token", "authentication.k8s.io", "v1", "TokenRequest", Create));
                break;
        }
        return all;
    }
}
