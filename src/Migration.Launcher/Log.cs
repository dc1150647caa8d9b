using System.Text;
using Migration.Linux;

namespace Migration.Launcher;

/// <summary>
/// Lines on standard error, the pod's log. QEMU makes the console that it shares with us non-blocking; a log that nobody
/// reads must not stop the launcher, so what does not fit is dropped.
/// </summary>
internal static class Log
{
    private static readonly FileDescriptor Error = new(2, ownsHandle: false);

    public static void Write(string line) => Write(Encoding.UTF8.GetBytes($"migration-launcher: {line}\n"));

    public static void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[Error.Write(bytes)..];
        }
        catch (LinuxException)
        {
            // There is no other place to say it.
        }
    }
}
