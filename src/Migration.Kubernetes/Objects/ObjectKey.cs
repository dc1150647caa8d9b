namespace Migration.Kubernetes;

/// <summary>Namespace and name of an object; the namespace is empty for cluster-wide ones.</summary>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>The key of a cluster-wide object.</summary>
    public static ObjectKey Of(string name) => new("", name);

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
