namespace Migration.Kubernetes;

/// <summary>Builds the query of a request; empty values are left out.</summary>
internal sealed class Query
{
    private readonly System.Text.StringBuilder _text = new();

    public Query Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            _text.Append(_text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        return this;
    }

    public override string ToString() => _text.ToString();
}
