using Microsoft.Win32.SafeHandles;
using Migration.Cni;

return args.Length > 0
    ? Installation.Run(args, Console.Out, Console.Error)
    // Not Console's streams: writing to them sets up a terminal and a thread for signals.
    : Plugin.Run(() => Standard(0, FileAccess.Read), () => Standard(1, FileAccess.Write), Environment.GetEnvironmentVariable);

static FileStream Standard(int descriptor, FileAccess access) => new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
