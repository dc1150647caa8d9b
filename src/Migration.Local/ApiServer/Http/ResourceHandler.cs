using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>The verbs on resources, by method and path.</summary>
internal sealed class ResourceHandler(
    Store store, ObjectReader reader, ObjectWriter writer, ObjectRemover remover, SubresourceHandler subresources, Reviews reviews,
    Authorizer authorizer,    TimeProvider time, CancellationToken stopping)
{
    public async Task HandleAsync(HttpContext http, RequestTarget target, Caller caller, CancellationToken ct)
    {
        var type = target.Type;
        if (target.Subresource is not null)
        {
            await subresources.HandleAsync(http, target, ct);
            return;
        }
        if (Reviews.Handles(type))
        {
            await reviews.HandleAsync(http, target, caller, ct);
            return;
        }
        var form = MediaType.Negotiate(http.Request.Headers.Accept);
        var view = ObjectView.For(http, type, form, time);
        switch (http.Request.Method, target.Name)
        {
            case ("GET", not null):
                await view.WriteAsync(http, 200, reader.Get(type, target.Key), ct);
                break;
            case ("GET", null):
                await ListOrWatchAsync(http, target, view, ct);
                break;
            case ("POST", null) when !type.Namespaced || target.Namespace.Length > 0:
                await CreateAsync(http, target, view, ct);
                break;
            case ("PUT", not null):
                await UpdateAsync(http, target, view, ct);
                break;
            case ("PATCH", not null):
                await PatchAsync(http, target, view, ct);
                break;
            case ("DELETE", not null):
                await DeleteAsync(http, target, form, view, ct);
                break;
            case ("DELETE", null) when type.Can("deletecollection") && (!type.Namespaced || target.Namespace.Length > 0):
                await DeleteCollectionAsync(http, target, view, ct);
                break;
            default:
                throw ApiException.MethodNotAllowed();
        }
    }

    private async Task ListOrWatchAsync(HttpContext http, RequestTarget target, ObjectView view, CancellationToken ct)
    {
        var options = ListOptions.Read(http.Request.Query, target.Type);
        if (options.Watch)
            await new WatchStream(store, time, target.Type, target.Namespace, options, view, stopping).RunAsync(http, ct);
        else
            await view.WriteListAsync(http, reader.List(target.Type, target.Namespace, options), ct);
    }

    private async Task CreateAsync(HttpContext http, RequestTarget target, ObjectView view, CancellationToken ct)
    {
        if (!target.Type.Can("create"))
            throw ApiException.MethodNotAllowed();
        var options = WriteOptions.Read(http);
        var tree = await RequestBody.ReadObjectAsync(http, options.Problems, ct);
        if (target.Type.Plural == "bindings" && target.Type.Group.Length == 0)
        {
            await subresources.BindAsync(http, target with { Name = tree.TextAt("metadata", "name") }, tree, options, ct);
            return;
        }
        var created = await writer.CreateAsync(target.Type, target.Namespace, tree, options, ct);
        Responses.AddWarnings(http, options.Warnings);
        await view.WriteAsync(http, 201, created, ct);
    }

    private async Task UpdateAsync(HttpContext http, RequestTarget target, ObjectView view, CancellationToken ct)
    {
        var options = WriteOptions.Read(http);
        var tree = await RequestBody.ReadObjectAsync(http, options.Problems, ct);
        var updated = await writer.UpdateAsync(target.Type, target.Key, "", tree, options, ct);
        Responses.AddWarnings(http, options.Warnings);
        await view.WriteAsync(http, 200, updated, ct);
    }

    private async Task PatchAsync(HttpContext http, RequestTarget target, ObjectView view, CancellationToken ct)
    {
        var options = WriteOptions.Read(http);
        var patch = await Patch.ReadAsync(http, target.Type, options, time, ct);
        if (patch.MayCreate && store.Get(target.Type.Storage, target.Key) is null)
            authorizer.Require(options.Caller, AccessRequest.Of(http.Request) with { Verb = "create" });
        var (patched, created) = await patch.PerformAsync(writer, target, "", ct);
        Responses.AddWarnings(http, options.Warnings);
        await view.WriteAsync(http, created ? 201 : 200, patched, ct);
    }

    private async Task DeleteAsync(HttpContext http, RequestTarget target, MediaType form, ObjectView view, CancellationToken ct)
    {
        var options = await ReadDeleteOptionsAsync(http, ct);
        var (item, gone) = await remover.DeleteAsync(target.Type, target.Key, options, ct);
        Responses.AddWarnings(http, options.Warnings);
        if (gone && target.Type.Storage != "pods")
            await Responses.WriteAsync(http, form with { As = "" }, 200, Responses.Success(target.Type, item), ct);
        else
            await view.WriteAsync(http, 200, item, ct);
    }

    private async Task DeleteCollectionAsync(HttpContext http, RequestTarget target, ObjectView view, CancellationToken ct)
    {
        var selection = ListOptions.Read(http.Request.Query, target.Type);
        var options = await ReadDeleteOptionsAsync(http, ct);
        var page = reader.List(target.Type, target.Namespace, selection);
        var deleted = new List<StoredObject>();
        foreach (var item in page.Objects)
        {
            try
            {
                deleted.Add((await remover.DeleteAsync(target.Type, item.Key, options, ct)).Object);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Gone in the meantime, which is what was asked for.
            }
        }
        Responses.AddWarnings(http, options.Warnings.Distinct(StringComparer.Ordinal));
        await view.WriteListAsync(http, page with { Objects = deleted }, ct);
    }

    private static async Task<DeleteOptions> ReadDeleteOptionsAsync(HttpContext http, CancellationToken ct) =>
        DeleteOptions.Read(await RequestBody.ReadOptionalAsync(http, ct), http);
}
