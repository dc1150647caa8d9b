namespace Migration.Controllers.Nodes;

/// <summary>A certificate or key could not be read.</summary>
public sealed class NodeCertificateException(string path, Exception cause) : Exception($"read certificate {path}: {cause.Message}", cause);
