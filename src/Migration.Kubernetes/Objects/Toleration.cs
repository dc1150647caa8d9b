namespace Migration.Kubernetes;

/// <summary>core/v1 Toleration.</summary>
public sealed record Toleration : OpenRecord
{
    public string? Key { get; init; }

    /// <summary><c>Equal</c> (the default) or <c>Exists</c>.</summary>
    public string? Operator { get; init; }

    public string? Value { get; init; }

    public string? Effect { get; init; }

    public long? TolerationSeconds { get; init; }

    /// <summary>Whether a pod with this toleration may be where the taint is.</summary>
    public bool Tolerates(Taint taint)
    {
        if (!string.IsNullOrEmpty(Effect) && Effect != taint.Effect)
            return false;
        if (string.IsNullOrEmpty(Key))
            return Operator == "Exists";
        return Key == taint.Key && (Operator == "Exists" || (Value ?? "") == (taint.Value ?? ""));
    }
}
