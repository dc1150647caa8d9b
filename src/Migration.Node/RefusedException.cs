using Migration.Node.Networks.Delegates;

namespace Migration.Node;

/// <summary>The node does not do what it was asked; the message names the thing and the reason.</summary>
internal sealed class RefusedException(Refusal refusal, string message, CniError? error = null) : Exception(message)
{
    public Refusal Refusal { get; } = refusal;

    /// <summary>Set where a CNI plugin refused: its own words, for the runtime.</summary>
    public CniError? CniError { get; } = error;
}
