using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// What a C function that returns <c>int</c> said. There is no way to the value that does not also show the failure.
/// Ask for the error number before any other call: it is the thread's last one.
/// </summary>
internal readonly struct Result(int value)
{
    private readonly int _value = value;

    public bool Failed => _value < 0;

    public Errno Errno => (Errno)Marshal.GetLastPInvokeError();

    public int OrThrow(string operation) => Failed ? throw new LinuxException(operation, Errno) : _value;
}

/// <summary><see cref="Result"/> for functions that return <c>ssize_t</c>.</summary>
internal readonly struct SizeResult(nint value)
{
    private readonly nint _value = value;

    public bool Failed => _value < 0;

    public Errno Errno => (Errno)Marshal.GetLastPInvokeError();

    public int OrThrow(string operation) => Failed ? throw new LinuxException(operation, Errno) : (int)_value;
}
