namespace Migration.Node.Networks;

/// <summary>What the operator wants new attachments to be wired with.</summary>
internal enum WiringChoice
{
    /// <summary>The cable wherever the kernel has what it is made of.</summary>
    Auto,
    Cable,
    Takeover,
}
