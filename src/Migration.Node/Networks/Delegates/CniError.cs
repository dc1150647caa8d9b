namespace Migration.Node.Networks.Delegates;

/// <summary>A CNI plugin's own error (CNI specification, "Error"): what the runtime is told in the end.</summary>
internal sealed record CniError(int Code, string Message, string Details)
{
    /// <summary>The specification's codes that are told apart or made here.</summary>
    public const int IncompatibleVersion = 1, InvalidConfiguration = 7, TryAgainLater = 11, NotAvailableAndLimited = 51, Internal = 999;

    public override string ToString() => Details.Length > 0 ? $"code {Code}: {Message}; {Details}" : $"code {Code}: {Message}";
}
