using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Keeps <c>metadata.managedFields</c>: every write makes its manager the owner of what it changed.</summary>
internal static class ManagedFields
{
    /// <summary>Set by the server, so nobody's.</summary>
    private static readonly string[] ServerMetadata =
    [
        "name", "namespace", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "managedFields", "selfLink",
    ];

    public static List<FieldManager> Read(JsonObject? tree) =>
        [.. (tree.At("metadata", "managedFields") as JsonArray ?? []).Select(FieldManager.Read)];

    public static void Write(JsonObject tree, IEnumerable<FieldManager> managers)
    {
        var entries = managers.Where(m => !m.Fields.IsEmpty).OrderBy(m => m.Operation, StringComparer.Ordinal).Select(m => m.ToJson()).ToList();
        if (entries.Count == 0)
            tree.Child("metadata").Remove("managedFields");
        else
            tree.Child("metadata")["managedFields"] = new JsonArray([.. entries]);
    }

    /// <summary>Records a write that is no apply: the manager takes what it changed, everybody loses what is gone.</summary>
    public static void RecordWrite(ResourceType type, JsonObject? before, JsonObject after, string manager, string subresource, TimeProvider time)
    {
        var managers = Read(after);
        var changed = Owned(before is null ? FieldSets.Of(after, type.Schema) : FieldSets.Changed(before, after, type.Schema));
        var removed = before is null ? new FieldSet() : FieldSets.Removed(before, after, type.Schema);
        if (changed.IsEmpty && removed.IsEmpty)
            return;
        var now = Timestamps.Format(time.GetUtcNow());
        var own = managers.FirstOrDefault(m => m.Is(manager, "Update", subresource) && m.ApiVersion == type.ApiVersion)
            ?? new FieldManager(manager, "Update", type.ApiVersion, subresource, now, new FieldSet());
        var others = managers.Where(m => m != own).Select(m => m with { Fields = m.Fields.Without(changed).WithoutBelow(removed) });
        var taken = own with { Fields = own.Fields.WithoutBelow(removed).Union(changed) };
        Write(after, [.. others, taken.Fields.SameAs(own.Fields) ? own : taken with { Time = now }]);
    }

    /// <summary>The set without the places that belong to the server.</summary>
    public static FieldSet Owned(FieldSet set) => set.WithoutBelow(ServerPlaces);

    private static FieldSet ServerPlaces { get; } = MakeServerPlaces();

    private static FieldSet MakeServerPlaces()
    {
        var metadata = new FieldSet();
        foreach (var name in ServerMetadata)
            metadata.Put("f:" + name, FieldSet.Leaf());
        var places = new FieldSet();
        places.Put("f:apiVersion", FieldSet.Leaf());
        places.Put("f:kind", FieldSet.Leaf());
        places.Put("f:metadata", metadata);
        return places;
    }
}
