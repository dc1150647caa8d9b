using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>OpenAPI v2 and v3, made from the schemas that objects are validated by.</summary>
internal sealed class OpenApiDocuments(ResourceRegistry registry)
{
    public Task WriteAsync(HttpContext http, string path, CancellationToken ct)
    {
        _ = registry;
        throw ApiException.NoSuchPath();
    }
}
