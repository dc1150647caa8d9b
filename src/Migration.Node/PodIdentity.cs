namespace Migration.Node;

/// <summary>The pod that a machine runs in.</summary>
internal sealed record PodIdentity(string Namespace, string Name, string Uid)
{
    public override string ToString() => $"{Namespace}/{Name}";
}
