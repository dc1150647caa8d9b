using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>What every object's metadata must satisfy.</summary>
internal static class MetadataRules
{
    private const int AnnotationsLimit = 256 * 1024;

    public static void Check(ResourceType type, JsonObject tree, List<FieldError> errors)
    {
        var metadata = tree["metadata"] as JsonObject ?? [];
        var name = metadata.TextAt("name") ?? "";
        if (Names.ObjectNameError(type, name) is { } why)
            errors.Add(FieldError.Invalid("metadata.name", name, why));
        CheckLabels(metadata, errors);
        CheckAnnotations(metadata, errors);
        CheckOwners(metadata, errors);
        foreach (var finalizer in metadata["finalizers"] as JsonArray ?? [])
        {
            if (JsonTree.AsText(finalizer) is { } text && Names.LabelKeyError(text) is { } error)
                errors.Add(FieldError.Invalid("metadata.finalizers", text, error));
        }
    }

    private static void CheckLabels(JsonObject metadata, List<FieldError> errors)
    {
        foreach (var (key, value) in metadata["labels"] as JsonObject ?? [])
        {
            if (Names.LabelKeyError(key) is { } keyError)
                errors.Add(FieldError.Invalid("metadata.labels", key, keyError));
            if (JsonTree.AsText(value) is { } text && Names.LabelValueError(text) is { } valueError)
                errors.Add(FieldError.Invalid("metadata.labels", text, valueError));
        }
    }

    private static void CheckAnnotations(JsonObject metadata, List<FieldError> errors)
    {
        var size = 0;
        foreach (var (key, value) in metadata["annotations"] as JsonObject ?? [])
        {
            size += key.Length + (JsonTree.AsText(value)?.Length ?? 0);
            if (Names.LabelKeyError(key.ToLowerInvariant()) is { } error)
                errors.Add(FieldError.Invalid("metadata.annotations", key, error));
        }
        if (size > AnnotationsLimit)
            errors.Add(FieldError.TooLong("metadata.annotations", $"may not be more than {AnnotationsLimit} bytes"));
    }

    private static void CheckOwners(JsonObject metadata, List<FieldError> errors)
    {
        var owners = metadata["ownerReferences"] as JsonArray ?? [];
        for (var i = 0; i < owners.Count; i++)
        {
            foreach (var field in (string[])["apiVersion", "kind", "name", "uid"])
            {
                if (owners[i].TextAt(field) is not { Length: > 0 })
                    errors.Add(FieldError.Invalid($"metadata.ownerReferences[{i}].{field}", "", $"{field} must not be empty"));
            }
        }
        if (owners.Count(o => o.At("controller")?.GetValueKind() == System.Text.Json.JsonValueKind.True) > 1)
            errors.Add(FieldError.Invalid("metadata.ownerReferences", owners.DeepClone(),
                "Only one reference can have Controller set to true. Found \"true\" in references"));
    }
}
