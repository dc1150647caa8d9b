namespace Migration.Cni;

/// <summary>What the runtime is told instead of a result.</summary>
internal sealed class CniException(CniErrorCode code, string message, string details = "", Exception? cause = null) : Exception(message, cause)
{
    public CniErrorCode Code { get; } = code;

    public string Details { get; } = details;
}
