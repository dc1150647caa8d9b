namespace Migration.Controllers.Networks;

/// <summary>Which networks instances may have, and who attaches them.</summary>
public sealed record AttachmentPolicy
{
    public MultusMode Multus { get; init; }

    /// <summary>Whether an instance may have only networks of its own namespace, and of the global ones.</summary>
    public bool IsIsolated { get; init; }

    /// <summary>Namespaces whose networks are there for everyone.</summary>
    public IReadOnlyList<string> GlobalNamespaces { get; init; } = ["default"];

    public bool Allows(string instanceNamespace, string networkNamespace) =>
        !IsIsolated || instanceNamespace == networkNamespace || GlobalNamespaces.Contains(networkNamespace);
}
