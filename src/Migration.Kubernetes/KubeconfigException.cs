namespace Migration.Kubernetes;

/// <summary>A kubeconfig, or a pod's service account, is not usable; the message says which file and why.</summary>
public sealed class KubeconfigException(string message, Exception? inner = null) : Exception(message, inner);
