namespace Migration.Local.ApiServer;

/// <summary>One kind of object in one API version: what is needed to serve it, built in or defined by a CustomResourceDefinition.</summary>
internal sealed record ResourceType
{
    public static readonly IReadOnlyList<string> AllVerbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Plural { get; init; }

    public required string Kind { get; init; }

    public string Singular { get; init; } = "";

    public string ListKind { get; init; } = "";

    public required bool Namespaced { get; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<string> Verbs { get; init; } = AllVerbs;

    public bool HasStatus { get; init; }

    public ScalePaths? Scale { get; init; }

    /// <summary>Whether a change outside metadata and status counts <c>metadata.generation</c> up.</summary>
    public bool CountsGenerations { get; init; }

    public Schema Schema { get; init; } = Schema.Anything;

    /// <summary>The published openAPIV3Schema of a custom resource; null for built-in kinds.</summary>
    public System.Text.Json.Nodes.JsonObject? PublishedSchema { get; init; }

    public IReadOnlyList<PrinterColumn> Columns { get; init; } = [];

    /// <summary>Fields a field selector may name, besides metadata.name and metadata.namespace.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>Where objects of all versions (and both event APIs) are kept together.</summary>
    public required string Storage { get; init; }

    public required string StorageApiVersion { get; init; }

    public bool IsCustom { get; init; }

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>As messages name it: <c>pods</c>, <c>leases.coordination.k8s.io</c>.</summary>
    public string GroupResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public bool Can(string verb) => Verbs.Contains(verb, StringComparer.Ordinal);

    public override string ToString() => $"{ApiVersion} {Plural}";
}
