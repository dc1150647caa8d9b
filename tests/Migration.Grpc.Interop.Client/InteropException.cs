namespace Migration.Interop;

/// <summary>The server's answer was not the published one.</summary>
public sealed class InteropException(string message) : Exception(message);
