using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Somebody asks for a start or a stop. A stop followed by a start is a restart.</summary>
public sealed record StateChangeRequest : OpenRecord
{
    public const string Start = "Start";
    public const string Stop = "Stop";

    public string? Action { get; init; }

    public IReadOnlyDictionary<string, string>? Data { get; init; }

    /// <summary>Of a stop: the instance that is meant, so that the next one is not stopped too.</summary>
    public string? Uid { get; init; }
}
