namespace Migration.Kubernetes;

/// <summary>An object the server holds and we cannot read.</summary>
public sealed record UnreadableObject(ObjectKey Key, string Reason);
