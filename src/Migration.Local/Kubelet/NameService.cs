namespace Migration.Local.Kubelet;

/// <summary>How pods of this cluster resolve names.</summary>
/// <param name="Servers">Empty if the cluster has no name service: pods then resolve as the machine does.</param>
public sealed record NameService(IReadOnlyList<string> Servers, string Domain);
