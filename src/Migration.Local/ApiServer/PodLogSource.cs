namespace Migration.Local.ApiServer;

/// <summary>Opens the log of a container as a stream that ends when the log does (or never, when following).</summary>
/// <exception cref="FileNotFoundException">There is no such container or it has no log.</exception>
public delegate Task<Stream> PodLogSource(string podNamespace, string podName, string container, PodLogOptions options, CancellationToken ct);
