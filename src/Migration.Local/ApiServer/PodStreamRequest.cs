using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>A connection into a running pod, as a client asked for it: exec, attach or portforward.</summary>
public sealed record PodStreamRequest(string Kind, string Namespace, string Pod, string PodUid, string Container)
{
    public IReadOnlyList<string> Command { get; init; } = [];
    public bool Stdin { get; init; }
    public bool Stdout { get; init; }
    public bool Stderr { get; init; }
    public bool Terminal { get; init; }
}

/// <summary>Whoever runs the pods upgrades the request's connection and serves it until either side ends it.</summary>
/// <exception cref="PodStreamRefusedException">It can't be; the connection was not upgraded yet.</exception>
public delegate Task PodStreamHandler(PodStreamRequest request, HttpContext http, CancellationToken ct);

/// <summary>Why there is no connection into the pod, with the HTTP status that says so.</summary>
public sealed class PodStreamRefusedException(int code, string reason, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;
}
