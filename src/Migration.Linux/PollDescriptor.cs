using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary><c>struct pollfd</c> of poll(2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public const short In = 1, Out = 4;

    public int Descriptor;
    public short Events;
    public short Returned;

    /// <summary>Waits until one of the handles is ready (or in error); false when time is up.</summary>
    public static unsafe bool Wait(ReadOnlySpan<(SafeHandle Handle, short Events)> handles, int timeoutMilliseconds)
    {
        var descriptors = stackalloc PollDescriptor[handles.Length];
        var held = 0;
        try
        {
            for (; held < handles.Length; held++)
            {
                var added = false;
                handles[held].Handle.DangerousAddRef(ref added);
                descriptors[held] = new PollDescriptor { Descriptor = (int)handles[held].Handle.DangerousGetHandle(), Events = handles[held].Events };
            }

            while (true)
            {
                var result = LibC.Poll(descriptors, (nuint)handles.Length, timeoutMilliseconds);
                if (!result.Failed || result.Errno != Errno.EINTR)
                    return result.OrThrow("poll") > 0;
            }
        }
        finally
        {
            for (var index = 0; index < held; index++)
                handles[index].Handle.DangerousRelease();
        }
    }

    public static bool Wait(SafeHandle handle, short events, int timeoutMilliseconds) => Wait([(handle, events)], timeoutMilliseconds);
}
