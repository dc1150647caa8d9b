using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Status, scale, binding, eviction, log, resize, finalize and token.</summary>
internal sealed class SubresourceHandler(
    ObjectReader reader, ObjectWriter writer, ObjectRemover remover, Authentication authentication, PodLogs logs, TimeProvider time)
{
    public async Task HandleAsync(HttpContext http, RequestTarget target, CancellationToken ct)
    {
        var type = target.Type;
        var subresource = Subresources.Of(type).FirstOrDefault(s => s.Name == target.Subresource) ?? throw ApiException.NoSuchPath();
        var verb = http.Request.Method switch { "GET" => "get", "PUT" => "update", "PATCH" => "patch", "POST" => "create", _ => "" };
        if (!subresource.Verbs.Contains(verb))
            throw ApiException.MethodNotAllowed();
        if (subresource.Name == "log")
        {
            await logs.WriteAsync(http, reader.Get(type, target.Key), ct);
            return;
        }
        var options = WriteOptions.Read(http);
        switch (subresource.Name)
        {
            case "status" or "resize":
                await ChangePartAsync(http, target, verb, options, ct);
                break;
            case "scale":
                await ScaleAsync(http, target, verb, options, ct);
                break;
            case "binding":
                await BindAsync(http, target, await RequestBody.ReadObjectAsync(http, options.Problems, ct), options, ct);
                break;
            case "eviction":
                await EvictAsync(http, target, await RequestBody.ReadObjectAsync(http, options.Problems, ct), ct);
                break;
            case "finalize":
                await FinalizeAsync(http, target, await RequestBody.ReadObjectAsync(http, options.Problems, ct), options, ct);
                break;
            case "token":
                await IssueTokenAsync(http, target, ct);
                break;
        }
    }

    /// <summary>Sets the node a pod runs on: what a scheduler does.</summary>
    public async Task BindAsync(HttpContext http, RequestTarget target, JsonObject binding, WriteOptions options, CancellationToken ct)
    {
        var pods = target.Type.Storage == "pods" ? target.Type : BuiltIns.All.First(t => t.Storage == "pods");
        var node = binding.TextAt("target", "name");
        if (string.IsNullOrEmpty(node))
            throw ApiException.Invalid("", "Binding", target.Name ?? "", [FieldError.Required("target.name")]);
        writer.Change(pods, target.Key, "binding", options, pod => Bound(pods, pod, binding, node));
        await Responses.WriteAsync(http, new MediaType(false), 201, new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201,
        }, ct);
    }

    private JsonObject Bound(ResourceType pods, JsonObject pod, JsonObject binding, string node)
    {
        var name = pod.TextAt("metadata", "name")!;
        if (pod.At("metadata", "deletionTimestamp") is not null)
            throw ApiException.Conflict(pods, name, $"pod {name} is being deleted, cannot be assigned to a host");
        if (pod.TextAt("spec", "nodeName") is { Length: > 0 } taken)
            throw ApiException.Conflict(pods, name, $"pod {name} is already assigned to node \"{taken}\"");
        if (binding.TextAt("metadata", "uid") is { Length: > 0 } uid && uid != pod.TextAt("metadata", "uid"))
            throw ApiException.Conflict(pods, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.TextAt("metadata", "uid")}");
        foreach (var (key, value) in binding.At("metadata", "annotations") as JsonObject ?? [])
            pod.Child("metadata").Child("annotations")[key] = value?.DeepClone();
        pod.Child("spec")["nodeName"] = node;
        Conditions.Set(pod, "PodScheduled", "True", null, null, time);
        return pod;
    }

    private async Task ChangePartAsync(HttpContext http, RequestTarget target, string verb, WriteOptions options, CancellationToken ct)
    {
        var view = ObjectView.For(http, target.Type, MediaType.Negotiate(http.Request.Headers.Accept), time);
        StoredObject result;
        if (verb == "get")
            result = reader.Get(target.Type, target.Key);
        else if (verb == "update")
            result = writer.Update(target.Type, target.Key, target.Subresource!, await RequestBody.ReadObjectAsync(http, options.Problems, ct), options);
        else
            result = (await Patch.ReadAsync(http, target.Type, options, time, ct)).Perform(writer, target, target.Subresource!).Object;
        Responses.AddWarnings(http, options.Warnings);
        await view.WriteAsync(http, 200, result, ct);
    }

    private async Task ScaleAsync(HttpContext http, RequestTarget target, string verb, WriteOptions options, CancellationToken ct)
    {
        var form = MediaType.Negotiate(http.Request.Headers.Accept) with { As = "" };
        var (type, paths) = (target.Type, target.Type.Scale!);
        var result = reader.Get(type, target.Key);
        if (verb == "update")
        {
            var wanted = await RequestBody.ReadObjectAsync(http, options.Problems, ct);
            result = writer.Change(type, target.Key, "", options, tree => ScaleView.Apply(tree, wanted, paths));
        }
        else if (verb == "patch")
        {
            var patch = await Patch.ReadAsync(http, type, options, time, ct);
            result = writer.Change(type, target.Key, "", options, tree => ScaleView.Apply(tree, patch.Apply(ScaleView.Of(tree, paths), ScaleView.Type), paths));
        }
        await Responses.WriteAsync(http, form, 200, ScaleView.Of(result.ToTree(), paths), ct);
    }

    /// <summary>Eviction is deletion by request. The embedded cluster does not act on disruption budgets.</summary>
    private async Task EvictAsync(HttpContext http, RequestTarget target, JsonObject eviction, CancellationToken ct)
    {
        remover.Delete(target.Type, target.Key, DeleteOptions.Read(eviction["deleteOptions"] as JsonObject, http.Request.Query));
        await Responses.WriteAsync(http, new MediaType(false), 201, new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201,
        }, ct);
    }

    private async Task FinalizeAsync(HttpContext http, RequestTarget target, JsonObject body, WriteOptions options, CancellationToken ct)
    {
        var result = writer.Change(target.Type, target.Key, "finalize", options, tree =>
        {
            tree.Child("spec")["finalizers"] = body.At("spec", "finalizers")?.DeepClone() ?? new JsonArray();
            return tree;
        });
        await Responses.WriteBytesAsync(http, 200, "application/json", Conversion.Bytes(result, target.Type), ct);
    }

    private async Task IssueTokenAsync(HttpContext http, RequestTarget target, CancellationToken ct)
    {
        var account = reader.Get(target.Type, target.Key);
        var request = await RequestBody.ReadObjectAsync(http, [], ct);
        var seconds = request.NumberAt("spec", "expirationSeconds") ?? 3600;
        request["status"] = new JsonObject
        {
            ["token"] = authentication.IssueToken(account.Namespace, account.Name),
            ["expirationTimestamp"] = Timestamps.Format(time.GetUtcNow().AddSeconds(seconds)),
        };
        await Responses.WriteAsync(http, new MediaType(false), 201, request, ct);
    }
}
