using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Status, scale, binding, eviction, log, resize, finalize and token.</summary>
internal sealed class SubresourceHandler(
    ObjectReader reader, ObjectWriter writer, Evictions evictions, Admission admission, ServiceAccountTokens tokens, PodLogs logs,
    PodConnections connections, TimeProvider time)
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
        if (subresource.Name is "exec" or "attach" or "portforward")
        {
            await connections.ServeAsync(http, subresource.Name, reader.Get(type, target.Key), ct);
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
                await EvictAsync(http, target, await RequestBody.ReadObjectAsync(http, options.Problems, ct), options, ct);
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
        var request = new AdmissionRequest(AdmissionOperation.Create, pods, "binding", target.Key, options.Caller)
        {
            Object = binding, Options = options.ToTree("CreateOptions"), DryRun = options.DryRun,
        };
        await admission.AdmitActionAsync(request, options.Warnings, ct);
        await writer.ChangeAsync(pods, target.Key, "binding", options, pod => Bound(pods, pod, binding, node), ct);
        Responses.AddWarnings(http, options.Warnings);
        await Responses.WriteAsync(http, new MediaType(false), 201, Responses.Created(), ct);
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
            result = await writer.UpdateAsync(target.Type, target.Key, target.Subresource!, await RequestBody.ReadObjectAsync(http, options.Problems, ct), options, ct);
        else
            result = (await (await Patch.ReadAsync(http, target.Type, options, time, ct)).PerformAsync(writer, target, target.Subresource!, ct)).Object;
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
            result = await writer.ChangeAsync(type, target.Key, "", options, tree => ScaleView.Apply(tree, wanted, paths), ct);
        }
        else if (verb == "patch")
        {
            var patch = await Patch.ReadAsync(http, type, options, time, ct);
            result = await writer.ChangeAsync(type, target.Key, "", options, tree => ScaleView.Apply(tree, patch.Apply(ScaleView.Of(tree, paths), ScaleView.Type), paths), ct);
        }
        await Responses.WriteAsync(http, form, 200, ScaleView.Of(result.ToTree(), paths), ct);
    }

    private async Task EvictAsync(HttpContext http, RequestTarget target, JsonObject eviction, WriteOptions options, CancellationToken ct)
    {
        var read = DeleteOptions.Read(eviction["deleteOptions"] as JsonObject, http);
        var deletion = read with { DryRun = read.DryRun || options.DryRun };
        await evictions.EvictAsync(target.Type, target.Key, eviction, deletion, ct);
        Responses.AddWarnings(http, deletion.Warnings);
        await Responses.WriteAsync(http, new MediaType(false), 201, Responses.Created(), ct);
    }

    private async Task FinalizeAsync(HttpContext http, RequestTarget target, JsonObject body, WriteOptions options, CancellationToken ct)
    {
        var result = await writer.ChangeAsync(target.Type, target.Key, "finalize", options, tree =>
        {
            tree.Child("spec")["finalizers"] = body.At("spec", "finalizers")?.DeepClone() ?? new JsonArray();
            return tree;
        }, ct);
        await Responses.WriteBytesAsync(http, 200, "application/json", Conversion.Bytes(result, target.Type), ct);
    }

    private async Task IssueTokenAsync(HttpContext http, RequestTarget target, CancellationToken ct)
    {
        var account = reader.Get(target.Type, target.Key);
        var request = await RequestBody.ReadObjectAsync(http, [], ct);
        var seconds = request.NumberAt("spec", "expirationSeconds") ?? 3600;
        if (seconds < 600)
            throw ApiException.Invalid("authentication.k8s.io", "TokenRequest", "",
                [FieldError.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]);
        var audiences = (request.At("spec", "audiences") as JsonArray ?? []).Select(JsonTree.AsText).OfType<string>().ToList();
        if (audiences.Count == 0)
            audiences = [ServiceAccountTokens.DefaultAudience];
        var expires = time.GetUtcNow().AddSeconds(seconds);
        (request["apiVersion"], request["kind"]) = ("authentication.k8s.io/v1", "TokenRequest");
        request.Child("metadata")["name"] = account.Name;
        request.Child("metadata")["namespace"] = account.Namespace;
        request.Child("metadata")["creationTimestamp"] = Timestamps.Format(time.GetUtcNow());
        request.Child("spec")["audiences"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]);
        request.Child("spec")["expirationSeconds"] = seconds;
        request["status"] = new JsonObject
        {
            ["token"] = tokens.Issue(account, audiences, expires, BoundObject(account, request.At("spec", "boundObjectRef"))),
            ["expirationTimestamp"] = Timestamps.Format(expires),
        };
        await Responses.WriteAsync(http, new MediaType(false), 201, request, ct);
    }

    private (string Kind, string Name, string Uid)? BoundObject(StoredObject account, JsonNode? reference)
    {
        if (reference is null)
            return null;
        var (kind, name) = (reference.TextAt("kind") ?? "", reference.TextAt("name") ?? "");
        if (kind != "Pod")
            throw ApiException.BadRequest($"cannot bind token for serviceaccount \"{account.Name}\" to object of kind {kind}: pods only");
        var pods = BuiltIns.All.First(t => t.Storage == "pods");
        var pod = reader.Get(pods, new ObjectKey(account.Namespace, name));
        if (reference.TextAt("uid") is { Length: > 0 } uid && uid != pod.Uid)
            throw ApiException.Conflict(pods, name, $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        if ((pod.Root.Text("spec", "serviceAccountName") ?? "default") != account.Name)
            throw ApiException.BadRequest($"cannot bind token for serviceaccount \"{account.Name}\" to pod running with different serviceaccount name.");
        return (kind, name, pod.Uid);
    }
}
