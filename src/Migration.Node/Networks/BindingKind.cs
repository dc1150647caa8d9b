namespace Migration.Node.Networks;

/// <summary>How a pod NIC becomes a guest NIC.</summary>
internal enum BindingKind
{
    /// <summary>The guest takes over the pod's MAC and addresses.</summary>
    Bridge = 1,
    Masquerade,
    ManagedTap,
}
