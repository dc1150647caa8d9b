namespace Migration.Linux;

/// <summary>How a process ended: with a code, or (if not zero) by a signal.</summary>
public readonly record struct ProcessExit(int Code, int Signal);
