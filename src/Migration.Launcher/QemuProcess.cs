using System.IO.Pipes;
using System.Text;
using Migration.Linux;

namespace Migration.Launcher;

/// <summary>
/// The QEMU that runs here. Its standard output (the guest's console) is ours; its standard error is copied to ours, and the end of
/// it kept.
/// </summary>
internal sealed class QemuProcess : IDisposable
{
    private const int LastWordsSize = 8 * 1024;

    private readonly ChildProcess _child;
    private readonly AnonymousPipeServerStream _errors;
    private readonly IDisposable _errorsWatch;
    private readonly IDisposable _endWatch;
    private readonly List<byte> _lastWords = [];

    private QemuProcess(string launchId, ChildProcess child, AnonymousPipeServerStream errors, Poller poller, Action ended)
    {
        LaunchId = launchId;
        _child = child;
        _errors = errors;
        _errorsWatch = poller.Watch(errors.SafePipeHandle, ReadErrors);
        _endWatch = poller.Watch(child.Handle.Descriptor, ended);
    }

    public string LaunchId { get; }

    public int Id => _child.Handle.Id;

    /// <summary>Known once <see cref="Bury"/> was called.</summary>
    public ProcessExit? Exit { get; private set; }

    public string LastWords => Encoding.UTF8.GetString([.. _lastWords]);

    public static QemuProcess Start(LaunchPlan plan, Poller poller, Action ended)
    {
        var errors = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        try
        {
            using var nothing = FileDescriptor.Open("/dev/null");
            using var output = new FileDescriptor(1, ownsHandle: false);
            var child = ChildProcess.Start("/proc/self/exe", QemuStart.Arguments(plan.Program, plan.Arguments), nothing, output, errors.ClientSafePipeHandle, plan.Files);
            errors.DisposeLocalCopyOfClientHandle();
            return new QemuProcess(plan.Id, child, errors, poller, ended);
        }
        catch
        {
            errors.Dispose();
            throw;
        }
    }

    public void Signal(ProcessSignal signal) => _child.Handle.Signal(signal);

    /// <summary>After it has ended: how it ended, and what it still had to say.</summary>
    public void Bury()
    {
        _endWatch.Dispose();
        _errorsWatch.Dispose();
        Exit = _child.WaitForExit();
        // Nobody else has the other end of the pipe, so this comes to an end.
        while (CopyErrors())
        {
        }
    }

    public void Dispose()
    {
        _endWatch.Dispose();
        _errorsWatch.Dispose();
        _errors.Dispose();
        _child.Dispose();
    }

    private void ReadErrors()
    {
        // The end of the pipe stays readable for ever.
        if (!CopyErrors())
            _errorsWatch.Dispose();
    }

    private bool CopyErrors()
    {
        Span<byte> piece = stackalloc byte[2048];
        var read = _errors.Read(piece);
        if (read == 0)
            return false;
        Log.Write(piece[..read]);
        _lastWords.AddRange(piece[..read]);
        if (_lastWords.Count > LastWordsSize)
            _lastWords.RemoveRange(0, _lastWords.Count - LastWordsSize);
        return true;
    }
}
