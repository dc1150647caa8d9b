namespace Migration.Kubernetes;

/// <summary>The lease went to somebody else, or could not be renewed in time. A process that gets this ends.</summary>
public sealed class LeadershipLostException(string message) : Exception(message);
