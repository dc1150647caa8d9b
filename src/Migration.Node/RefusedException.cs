namespace Migration.Node;

/// <summary>The node does not do what it was asked; the message names the thing and the reason.</summary>
internal sealed class RefusedException(Refusal refusal, string message) : Exception(message)
{
    public Refusal Refusal { get; } = refusal;
}
