namespace Migration.Local.ApiServer;

/// <summary>A subresource and the kind it speaks.</summary>
internal sealed record Subresource(string Name, string Group, string Version, string Kind, IReadOnlyList<string> Verbs);
