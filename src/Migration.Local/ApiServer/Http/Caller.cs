namespace Migration.Local.ApiServer;

/// <summary>Who asks. Everybody who could prove an identity may do everything: the embedded cluster has one operator.</summary>
internal sealed record Caller(string Name, IReadOnlyList<string> Groups);
