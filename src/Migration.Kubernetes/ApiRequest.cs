using System.Net;
using System.Net.Http.Headers;

namespace Migration.Kubernetes;

/// <summary>A request before it is sent; can be sent again after credentials were renewed.</summary>
internal sealed record ApiRequest(string Verb, string Resource, HttpMethod Method, string Path, Patch? Body = null)
{
    private static readonly MediaTypeWithQualityHeaderValue Json = new("application/json");

    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(Method, new Uri(Path.TrimStart('/'), UriKind.Relative))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Accept.Add(Json);
        if (Body is not null)
        {
            message.Content = new ByteArrayContent(Body.Body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(Body.ContentType);
        }
        return message;
    }

    public KubernetesException Failed(string reason, string message, Exception? inner) => new(Verb, Resource, null, reason, message, inner);
}
