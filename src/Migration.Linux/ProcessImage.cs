namespace Migration.Linux;

/// <summary>What the current process is and runs.</summary>
public static unsafe class ProcessImage
{
    /// <summary>The user whose rights this process has.</summary>
    public static uint EffectiveUser => LibC.EffectiveUser();

    /// <summary>Files that this process makes from now on are for its own user alone.</summary>
    public static void KeepFilesPrivate() => LibC.SetFileModeMask(0x3f /* 0077 */);

    /// <summary>
    /// Descriptors that this process itself was born with go no further than here. Kernels before 5.11 cannot do it; there, whoever
    /// starts us is trusted to have left none open.
    /// </summary>
    public static void KeepDescriptors()
    {
        const uint afterStandardError = 3;
        var result = LibC.MarkRangeCloseOnExec(afterStandardError, uint.MaxValue);
        if (result.Failed && result.Errno is not (Errno.ENOSYS or Errno.EINVAL))
            result.OrThrow("mark descriptors close-on-exec");
    }

    /// <summary>
    /// Has the kernel kill this process when its parent ends (PR_SET_PDEATHSIG; more exactly: when the thread ends that started it).
    /// False if the parent has ended already.
    /// </summary>
    public static bool TieToParent(int parent)
    {
        LibC.ProcessControl(LibC.PR_SET_PDEATHSIG, (nuint)ProcessSignal.Kill, 0, 0, 0).OrThrow("tie to parent");
        return LibC.ParentProcess() == parent;
    }

    /// <summary>Becomes another program, found on the PATH; returns only by throwing.</summary>
    public static void Replace(string program, IReadOnlyList<string> arguments)
    {
        using var argv = new NativeStrings([program, .. arguments]);
        LibC.Execute(program, argv.Pointer).OrThrow($"run {program}");
    }
}
