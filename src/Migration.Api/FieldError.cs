namespace Migration.Api;

/// <summary>What is wrong with one field of an object.</summary>
/// <param name="Path">As a user would write it: <c>spec.domain.cpu.cores</c>; empty where it is about the whole object.</param>
public readonly record struct FieldError(string Path, string Message)
{
    /// <summary>Reads "path: message", as validation writes it.</summary>
    public static FieldError Parse(string text) =>
        text.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon ? new(text[..colon], text[(colon + 2)..]) : new("", text);

    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}
