namespace Migration.Kubernetes;

/// <summary>core/v1 Secret; values are base64.</summary>
public sealed record Secret : KubernetesObject
{
    public string? Type { get; init; }

    public IReadOnlyDictionary<string, string>? Data { get; init; }

    public IReadOnlyDictionary<string, string>? StringData { get; init; }

    public bool? Immutable { get; init; }

    /// <summary>A value's bytes, or null when there is no such entry.</summary>
    public byte[]? Bytes(string name) => Data?.GetValueOrDefault(name) is { } text ? Convert.FromBase64String(text) : null;

    // The compiler's version would print the secret into logs.
    protected override bool PrintMembers(System.Text.StringBuilder text)
    {
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Key = {Key}");
        return true;
    }
}
