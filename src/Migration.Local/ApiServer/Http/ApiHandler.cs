using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

/// <summary>Entry of every request: who asks, for what, in which form; and the one place where failures become answers.</summary>
internal sealed class ApiHandler(
    Authentication authentication, Authorizer authorizer, ResourceRegistry registry, DiscoveryDocuments discovery, OpenApiDocuments openApi,
    ResourceHandler resources, ILogger log)
{
    public async Task HandleAsync(HttpContext http)
    {
        var ct = http.RequestAborted;
        try
        {
            await DispatchAsync(http, ct);
        }
        catch (ApiException failure) when (!http.Response.HasStarted)
        {
            await Responses.WriteStatusAsync(http, failure, ct);
        }
        catch (BadHttpRequestException failure) when (!http.Response.HasStarted)
        {
            await Responses.WriteStatusAsync(http, failure.StatusCode == 413 ? ApiException.TooLarge(3 * 1024 * 1024) : ApiException.BadRequest(failure.Message), ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The client has gone; nobody is left to answer.
        }
        catch (IOException) when (ct.IsCancellationRequested)
        {
            // Likewise, noticed while writing.
        }
        catch (Exception failure) when (!http.Response.HasStarted)
        {
            Log.RequestFailed(log, http.Request.Method, http.Request.Path, failure);
            await Responses.WriteStatusAsync(http, new ApiException(500, "InternalError", $"Internal error occurred: {failure.Message}"), ct);
        }
    }

    private async Task DispatchAsync(HttpContext http, CancellationToken ct)
    {
        var path = http.Request.Path.Value ?? "/";
        if (path is "/healthz" or "/livez" or "/readyz" || path.StartsWith("/healthz/", StringComparison.Ordinal)
            || path.StartsWith("/livez/", StringComparison.Ordinal) || path.StartsWith("/readyz/", StringComparison.Ordinal))
        {
            await Responses.WriteBytesAsync(http, 200, "text/plain; charset=utf-8", "ok"u8.ToArray(), ct);
            return;
        }
        var caller = Impersonation.Apply(http.Request, authentication.Identify(http), authorizer);
        http.Features.Set(caller);
        authorizer.Require(caller, AccessRequest.Of(http.Request));
        if (path == "/version")
            await Responses.WriteAsync(http, new MediaType(false), 200, ServerVersion.Document, ct);
        else if (path.StartsWith("/openapi/", StringComparison.Ordinal))
            await openApi.WriteAsync(http, path, ct);
        else if (!await TryDiscoverAsync(http, path, ct))
            await resources.HandleAsync(http, RequestTarget.Parse(path, registry) ?? throw ApiException.NoSuchPath(), caller, ct);
    }

    private async Task<bool> TryDiscoverAsync(HttpContext http, string path, CancellationToken ct)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > 3 || (parts.Length == 3 && parts[0] != "apis") || !HttpMethods.IsGet(http.Request.Method))
            return false;
        if (parts.Length == 0)
        {
            await Responses.WriteAsync(http, new MediaType(false), 200, Paths(), ct);
            return true;
        }
        var form = MediaType.Negotiate(http.Request.Headers.Accept);
        if (discovery.At(parts, form) is not { } document)
            return false;
        if (form.As == "APIGroupDiscoveryList")
            await Responses.WriteBytesAsync(http, 200,
                $"application/json;g=apidiscovery.k8s.io;v={form.Version};as=APIGroupDiscoveryList", JsonTree.Serialize(document), ct);
        else
            await Responses.WriteAsync(http, form, 200, document, ct);
        return true;
    }

    private JsonObject Paths()
    {
        var versions = registry.Types.Select(t => t.Group.Length == 0 ? "/api/" + t.Version : $"/apis/{t.Group}/{t.Version}").Distinct(StringComparer.Ordinal);
        return new JsonObject
        {
            ["paths"] = new JsonArray([.. versions.Concat(["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"])
                .Order(StringComparer.Ordinal).Select(p => JsonValue.Create(p))]),
        };
    }
}
