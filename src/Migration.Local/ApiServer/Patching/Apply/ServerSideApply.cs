using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Server-side apply: the client says everything it wants to determine. What others determine differently is a conflict unless forced; what it
/// determined last time, no longer does, and nobody else does either, is removed.
/// </summary>
internal sealed class ServerSideApply
{
    private readonly RequestTarget _target;
    private readonly string _subresource;
    private readonly JsonObject _applied;
    private readonly WriteOptions _options;
    private readonly TimeProvider _time;
    private readonly FieldSet _wanted;

    private ServerSideApply(RequestTarget target, string subresource, JsonObject applied, WriteOptions options, TimeProvider time)
    {
        _target = target;
        _subresource = subresource;
        _applied = applied;
        _options = options;
        _time = time;
        _wanted = ManagedFields.Owned(FieldSets.Of(Own(applied), target.Type.Schema));
    }

    public static Task<(StoredObject Object, bool Created)> PerformAsync(ObjectWriter writer, RequestTarget target, string subresource, JsonObject applied,
        WriteOptions options, TimeProvider time, CancellationToken ct)
    {
        if (applied.At("metadata", "managedFields") is JsonArray { Count: > 0 })
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        return new ServerSideApply(target, subresource, applied, options, time).PerformAsync(writer, ct);
    }

    private async Task<(StoredObject Object, bool Created)> PerformAsync(ObjectWriter writer, CancellationToken ct)
    {
        var type = _target.Type;
        while (true)
        {
            try
            {
                List<FieldManager> managers = [];
                return (await writer.ChangeAsync(type, _target.Key, _subresource, _options, current => Merge(current, out managers), ct,
                    after => ManagedFields.Write(after, managers)), false);
            }
            catch (ApiException e) when (e.Code == 404 && _subresource.Length == 0)
            {
                if (await CreateAsync(writer, ct) is { } created)
                    return (created, true);
            }
        }
    }

    /// <summary>Null when somebody else created the object in the meantime.</summary>
    private async Task<StoredObject?> CreateAsync(ObjectWriter writer, CancellationToken ct)
    {
        var tree = _applied.Clone();
        if (_target.Name != (tree.TextAt("metadata", "name") ?? _target.Name))
            throw ApiException.BadRequest($"the name of the object ({tree.TextAt("metadata", "name")}) does not match the name on the URL ({_target.Name})");
        tree.Child("metadata")["name"] = _target.Name;
        try
        {
            return await writer.CreateAsync(_target.Type, _target.Namespace, tree, _options, ct, made => ManagedFields.Write(made, [Entry()]));
        }
        catch (ApiException e) when (e.Code == 409 && e.Reason == "AlreadyExists")
        {
            return null;
        }
    }

    private JsonObject Merge(JsonObject current, out List<FieldManager> managers)
    {
        var schema = _target.Type.Schema;
        var known = ManagedFields.Read(current);
        var last = known.FirstOrDefault(m => m.Is(_options.FieldManager, "Apply", _subresource));
        var others = known.Where(m => m != last).ToList();
        var contested = Contested(current, others);
        if (contested.Count > 0 && !_options.Force)
            throw Conflict(contested);
        foreach (var (other, places) in contested)
            others[others.IndexOf(other)] = other with { Fields = other.Fields.Without(places) };

        var merged = (JsonObject)ApplyMerge.Merge(current, Own(_applied), schema)!;
        if (last is not null)
            ApplyMerge.Remove(merged, last.Fields.Without(_wanted), others.Aggregate(_wanted, (all, o) => all.Union(o.Fields)), schema);
        if (_applied.TextAt("metadata", "resourceVersion") is { Length: > 0 } version)
            merged.Child("metadata")["resourceVersion"] = version;
        // An apply that says what is already said is no write.
        managers = [.. others, last is not null && last.Fields.SameAs(_wanted) && last.ApiVersion == _target.Type.ApiVersion ? last : Entry()];
        return merged;
    }

    private FieldManager Entry() =>
        new(_options.FieldManager, "Apply", _target.Type.ApiVersion, _subresource, Timestamps.Format(_time.GetUtcNow()), _wanted);

    /// <summary>What others own and this apply would make different.</summary>
    private List<(FieldManager Other, FieldSet Places)> Contested(JsonObject current, List<FieldManager> others)
    {
        var different = FieldSets.Changed(current, ApplyMerge.Merge(current, Own(_applied), _target.Type.Schema), _target.Type.Schema).Intersect(_wanted);
        return [.. others.Select(o => (o, o.Fields.Intersect(different))).Where(c => !c.Item2.IsEmpty)];
    }

    private static ApiException Conflict(List<(FieldManager Other, FieldSet Places)> contested)
    {
        var causes = new JsonArray();
        var texts = new List<string>();
        foreach (var (other, places) in contested)
        {
            var via = other.Subresource.Length == 0 ? "" : $" with subresource \"{other.Subresource}\"";
            var fields = places.Places().ToList();
            foreach (var field in fields)
                causes.Add(new JsonObject { ["reason"] = "FieldManagerConflict", ["message"] = $"conflict with \"{other.Name}\"{via} using {other.ApiVersion}", ["field"] = field });
            texts.Add(fields.Count == 1
                ? $"conflict with \"{other.Name}\"{via} using {other.ApiVersion}: {fields[0]}"
                : $"conflicts with \"{other.Name}\"{via} using {other.ApiVersion}:\n{string.Join('\n', fields.Select(f => "- " + f))}");
        }
        return new ApiException(409, "Conflict", $"Apply failed with {causes.Count} conflict{(causes.Count == 1 ? "" : "s")}: {string.Join('\n', texts)}",
            new JsonObject { ["causes"] = causes });
    }

    /// <summary>What this apply can say anything about: through a subresource its part, else everything but the status.</summary>
    private JsonObject Own(JsonObject applied)
    {
        var own = applied.Clone();
        if (_subresource == "status")
        {
            foreach (var name in own.Select(p => p.Key).Where(n => n is not ("apiVersion" or "kind" or "status")).ToList())
                own.Remove(name);
        }
        else if (_target.Type.HasStatus)
        {
            own.Remove("status");
        }
        return own;
    }
}
