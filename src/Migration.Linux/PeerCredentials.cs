using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary><c>struct ucred</c> of unix(7).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);
