using System.Net;

namespace Migration.Kubernetes;

/// <summary>The server refused, or could not be reached (then <see cref="StatusCode"/> is null).</summary>
public sealed class KubernetesException : Exception
{
    public KubernetesException(string verb, string resource, HttpStatusCode? statusCode, string reason, string message, Exception? inner = null)
        : base($"{verb} {resource}: {message}", inner)
    {
        Verb = verb;
        Resource = resource;
        StatusCode = statusCode;
        Reason = reason;
        ServerMessage = message;
    }

    /// <summary>What we tried: <c>get</c>, <c>list</c>, <c>watch</c>, <c>create</c>, <c>update</c>, <c>patch</c>, <c>delete</c>.</summary>
    public string Verb { get; }

    /// <summary>On what: <c>pods web/web-1</c>.</summary>
    public string Resource { get; }

    public HttpStatusCode? StatusCode { get; }

    /// <summary>The server's word for it: <c>NotFound</c>, <c>Conflict</c>, <c>AlreadyExists</c>, <c>Expired</c>, <c>Invalid</c>, …</summary>
    public string Reason { get; }

    /// <summary>The server's sentence.</summary>
    public string ServerMessage { get; }

    /// <summary>How long the server asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The whole answer, where the server gave one: details and causes.</summary>
    public Status? Status { get; init; }

    /// <summary>The object is not there.</summary>
    public bool IsNotFound => StatusCode == HttpStatusCode.NotFound;

    /// <summary>The object changed since it was read; read it again.</summary>
    public bool IsConflict => StatusCode == HttpStatusCode.Conflict && Reason != "AlreadyExists";

    /// <summary>There is an object of this name already.</summary>
    public bool IsAlreadyExists => StatusCode == HttpStatusCode.Conflict && Reason == "AlreadyExists";

    /// <summary>The resource version or continue token is too old; list again.</summary>
    public bool IsGone => StatusCode == HttpStatusCode.Gone;

    /// <summary>The object breaks the kind's rules; sending it again cannot help.</summary>
    public bool IsInvalid => StatusCode is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest;

    /// <summary>Credentials are missing (401) or do not suffice (403).</summary>
    public bool IsDenied => StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    /// <summary>The same request may succeed later: no answer, too many requests, or a server in trouble.</summary>
    public bool IsTransient => StatusCode is null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
}
