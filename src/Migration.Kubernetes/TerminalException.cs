namespace Migration.Kubernetes;

/// <summary>A reconciliation failed, and trying again cannot help until somebody changes the object.</summary>
public sealed class TerminalException(string message, Exception? inner = null) : Exception(message, inner);
