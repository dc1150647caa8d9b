namespace Migration.Kubernetes;

/// <summary>How a write is done.</summary>
public sealed record WriteOptions
{
    public static readonly WriteOptions Default = new();

    /// <summary>The server does everything but store the result.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whose fields these are; required for server-side apply.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Server-side apply takes fields over from other managers instead of failing with a conflict.</summary>
    public bool Force { get; init; }
}
