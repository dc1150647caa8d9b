using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Migration.Local.ApiServer;

/// <summary>
/// The shape of a value: a structural schema (CustomResourceDefinition, openAPIV3Schema) or one of the built-in kinds' shapes. Everything that
/// needs to know fields reads this one type: pruning, defaulting, validation, strategic merge, server-side apply, OpenAPI.
/// </summary>
internal sealed class Schema
{
    private static readonly Dictionary<string, Schema> None = [];

    /// <summary>Takes and keeps anything.</summary>
    public static readonly Schema Anything = new() { PreserveUnknownFields = true };

    /// <summary>Name of a shared built-in type such as <c>PodSpec</c>, published as a definition of its own.</summary>
    public string? TypeName { get; init; }

    public string Description { get; init; } = "";

    /// <summary>object, array, string, integer, number, boolean; empty means any.</summary>
    public string Type { get; init; } = "";

    public string Format { get; init; } = "";

    /// <summary>Settable because built-in types refer to one another in circles.</summary>
    public IReadOnlyDictionary<string, Schema> Properties { get; set; } = None;

    public IReadOnlyList<string> Required { get; set; } = [];

    public Schema? AdditionalProperties { get; init; }

    public Schema? Items { get; init; }

    public bool PreserveUnknownFields { get; init; }

    public bool IntOrString { get; init; }

    public bool EmbeddedResource { get; init; }

    public bool Nullable { get; init; }

    public JsonNode? Default { get; init; }

    public IReadOnlyList<JsonNode?>? Enum { get; init; }

    public Regex? Pattern { get; init; }

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public bool ExclusiveMinimum { get; init; }

    public bool ExclusiveMaximum { get; init; }

    public double? MultipleOf { get; init; }

    public long? MinLength { get; init; }

    public long? MaxLength { get; init; }

    public long? MinItems { get; init; }

    public long? MaxItems { get; init; }

    public bool UniqueItems { get; init; }

    public long? MinProperties { get; init; }

    public long? MaxProperties { get; init; }

    public IReadOnlyList<Schema> AllOf { get; init; } = [];

    public IReadOnlyList<Schema> AnyOf { get; init; } = [];

    public IReadOnlyList<Schema> OneOf { get; init; } = [];

    public Schema? Not { get; init; }

    /// <summary>How server-side apply sees the list: atomic (default), set or map.</summary>
    public string ListType { get; init; } = "atomic";

    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary>An object that server-side apply owns as a whole.</summary>
    public bool AtomicMap { get; init; }

    /// <summary>Key by which strategic merge pairs list items; null when the list is replaced.</summary>
    public string? PatchMergeKey { get; init; }

    /// <summary>Strategic merge of a list of plain values: union instead of replacement.</summary>
    public bool PatchMergesValues { get; init; }

    public bool IsObject => Type == "object" || Properties.Count > 0 || AdditionalProperties is not null;

    /// <summary>Shape of a member of this object, null when unknown.</summary>
    public Schema? Field(string name) =>
        Properties.TryGetValue(name, out var field) ? field
        : AdditionalProperties ?? (PreserveUnknownFields ? Anything : null);
}
