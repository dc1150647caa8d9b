using System.Diagnostics;
using Migration.Linux;

namespace Migration.Local.Kubelet;

/// <summary>
/// A child whose standard input and output are ours: by pipes, or by a terminal of its own. Either way its output is read as streams that end when
/// nobody has them open any more.
/// </summary>
internal sealed class AttachedProcess : IDisposable
{
    private const string OnTerminal = "exec <>\"$0\" >&0 2>&1; exec setsid --ctty --wait -- \"$@\"";

    private readonly Process _process;
    private readonly PseudoTerminal? _terminal;

    private AttachedProcess(Process process, PseudoTerminal? terminal)
    {
        _process = process;
        _terminal = terminal;
        Input = terminal is null ? process.StandardInput.BaseStream : new TerminalStream(terminal);
        Output = terminal is null ? process.StandardOutput.BaseStream : Input;
        Errors = terminal is null ? process.StandardError.BaseStream : null;
    }

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;
    public bool HasTerminal => _terminal is not null;

    public Stream Input { get; }
    public Stream Output { get; }

    /// <summary>Null on a terminal, where both are one.</summary>
    public Stream? Errors { get; }

    public static AttachedProcess Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, bool terminal)
    {
        var pseudo = terminal ? PseudoTerminal.Open() : null;
        try
        {
            var process = Process.Start(Describe(pseudo is null ? command : ["/bin/sh", "-c", OnTerminal, pseudo.Path, .. command], environment, pseudo is null));
            return new AttachedProcess(process ?? throw new InvalidOperationException($"{command[0]} was not started"), pseudo);
        }
        catch
        {
            pseudo?.Dispose();
            throw;
        }
    }

    public void Resize(ushort columns, ushort rows) => _terminal?.Resize(columns, rows);

    /// <summary>The exit code; a program that a signal ended has 128 plus the signal's number.</summary>
    public async Task<int> WaitAsync(CancellationToken ct)
    {
        await _process.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, and SIGKILL when the grace is over.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        if (_process.HasExited)
            return;
        if (grace > TimeSpan.Zero)
        {
            using (var handle = ProcessHandle.Open(Id))
                handle.Signal(ProcessSignal.Terminate);
            using var patience = new CancellationTokenSource(grace, time);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
                return;
            }
            catch (OperationCanceledException)
            {
                // The grace is over.
            }
        }

        Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Ends it and every child of it.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Errors?.Dispose();
        _terminal?.Dispose();
        _process.Dispose();
    }

    private static ProcessStartInfo Describe(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, bool pipes)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = pipes,
            RedirectStandardOutput = pipes,
            RedirectStandardError = pipes,
        };
        foreach (var (name, value) in environment)
            info.Environment[name] = value;
        return info;
    }
}
