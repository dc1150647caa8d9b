using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>The kernel refused: what was asked, and its error number.</summary>
public sealed class LinuxException(string operation, Errno errno) : IOException($"{operation}: {Describe(errno)}")
{
    /// <summary>What was asked, with its object: <c>open /run/netns/a</c>.</summary>
    public string Operation { get; } = operation;

    public Errno Errno { get; } = errno;

    /// <summary>The C library's words for an error number, and its name: <c>File exists (EEXIST)</c>.</summary>
    public static string Describe(Errno errno) =>
        Enum.IsDefined(errno)
            ? $"{Marshal.GetPInvokeErrorMessage((int)errno)} ({errno})"
            : $"{Marshal.GetPInvokeErrorMessage((int)errno)} (errno {(int)errno})";
}
