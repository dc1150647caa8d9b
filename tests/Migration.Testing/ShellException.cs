namespace Migration.Testing;

/// <summary>A tool failed; the message holds its command line and what it printed.</summary>
public sealed class ShellException(string message) : Exception(message);
