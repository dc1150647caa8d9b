using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// A child that inherits exactly the descriptors it is given, under the numbers they have here, besides standard input, output and
/// error. Signals start with their defaults. Use it where .NET's Process, which cannot say what is inherited, will not do.
/// </summary>
public sealed unsafe class ChildProcess : IDisposable
{
    // glibc: 80 and 336 bytes; signal sets have 128.
    private const int OpaqueSize = 512;
    private const int SignalSetSize = 128;

    private ProcessExit? _exit;

    private ChildProcess(ProcessHandle handle) => Handle = handle;

    public ProcessHandle Handle { get; }

    /// <summary>Starts the program at a path. Arguments are those after the program's own name.</summary>
    public static ChildProcess Start(
        string path, IReadOnlyList<string> arguments, SafeHandle input, SafeHandle output, SafeHandle error, IReadOnlyList<SafeHandle> inherited) =>
        Start(path, arguments, input, output, error, inherited, Environment(), session: false);

    /// <summary>The same with an environment of its own ("NAME=value") and, if asked for, leading a session and process group of its own.</summary>
    internal static ChildProcess Start(
        string path, IReadOnlyList<string> arguments, SafeHandle input, SafeHandle output, SafeHandle error, IReadOnlyList<SafeHandle> inherited,
        IReadOnlyList<string> environment, bool session)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        Must(LibC.SpawnActionsInitialize(actions));
        Must(LibC.SpawnAttributesInitialize(attributes));
        try
        {
            SetSignals(attributes, session);
            foreach (var (handle, number) in (ReadOnlySpan<(SafeHandle, int)>)[(input, 0), (output, 1), (error, 2)])
                Must(LibC.SpawnActionsDuplicate(actions, handle, number));
            // Duplicating onto itself takes close-on-exec away, in the child alone (posix_spawn_file_actions_adddup2(3), glibc 2.29).
            foreach (var handle in inherited)
                Must(LibC.SpawnActionsDuplicate(actions, handle, (int)handle.DangerousGetHandle()));

            using var argv = new NativeStrings([path, .. arguments]);
            using var variables = new NativeStrings(environment);
            int pid;
            Must(LibC.Spawn(&pid, path, actions, attributes, argv.Pointer, variables.Pointer), $"start {path}");
            // Nobody else waits for it, so the number cannot have been given away yet.
            return new ChildProcess(ProcessHandle.Open(pid));
        }
        finally
        {
            Must(LibC.SpawnAttributesDestroy(attributes));
            Must(LibC.SpawnActionsDestroy(actions));
        }
    }

    /// <summary>How it ended; blocks until it has.</summary>
    public ProcessExit WaitForExit()
    {
        if (_exit is { } known)
            return known;
        int status;
        Result result;
        do
            result = LibC.WaitProcess(Handle.Id, &status, 0);
        while (result.Failed && result.Errno == Errno.EINTR);
        result.OrThrow($"wait for process {Handle.Id}");
        var exit = (status & 0x7f) == 0 ? new ProcessExit((status >> 8) & 0xff, 0) : new ProcessExit(0, status & 0x7f);
        _exit = exit;
        return exit;
    }

    public void Dispose() => Handle.Dispose();

    private static void SetSignals(byte* attributes, bool session)
    {
        var none = stackalloc byte[SignalSetSize];
        var all = stackalloc byte[SignalSetSize];
        new Span<byte>(none, SignalSetSize).Clear();
        new Span<byte>(all, SignalSetSize).Fill(0xff);
        Must(LibC.SpawnAttributesSetSignalMask(attributes, none));
        Must(LibC.SpawnAttributesSetDefaultSignals(attributes, all));
        Must(LibC.SpawnAttributesSetFlags(attributes, (short)(LibC.POSIX_SPAWN_SETSIGMASK | LibC.POSIX_SPAWN_SETSIGDEF | (session ? LibC.POSIX_SPAWN_SETSID : 0))));
    }

    private static IReadOnlyList<string> Environment()
    {
        var entries = new List<string>();
        foreach (System.Collections.DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            entries.Add($"{entry.Key}={entry.Value}");
        return entries;
    }

    // posix_spawn and its relatives return the error number itself.
    private static void Must(int errno, string operation = "prepare child process")
    {
        if (errno != 0)
            throw new LinuxException(operation, (Errno)errno);
    }
}
