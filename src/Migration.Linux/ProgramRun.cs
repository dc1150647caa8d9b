using System.Runtime.InteropServices;
using System.Text;

namespace Migration.Linux;

/// <summary>
/// A program that is given its input, and run to its end: its answer is on standard output. It leads a process group of its own, so that
/// one that takes too long, or says too much, is ended with all its children.
/// </summary>
public sealed record ProgramRun
{
    private const int Piece = 16 * 1024;
    private const int BusyAttempts = 100, BusyPause = 50;

    public required ProcessExit Exit { get; init; }
    public required string Output { get; init; }
    public required string Errors { get; init; }

    /// <summary>Why it was killed; null if it ended by itself.</summary>
    public string? Killed { get; init; }

    /// <summary>
    /// Runs it and blocks until it has ended. Children that it leaves behind in peace live on, and nobody waits for them. The
    /// environment is ours with these variables set.
    /// </summary>
    /// <exception cref="LinuxException">It could not be started.</exception>
    public static ProgramRun Execute(
        string path, IReadOnlyDictionary<string, string> variables, ReadOnlyMemory<byte> input, TimeSpan limit, int longestOutput = 1024 * 1024)
    {
        var (inputEnd, toInput) = Pipe(nonBlockingWrite: true);
        var (fromOutput, outputEnd) = Pipe(nonBlockingWrite: false);
        var (fromErrors, errorsEnd) = Pipe(nonBlockingWrite: false);
        using (toInput)
        using (fromOutput)
        using (fromErrors)
        {
            using var child = Start(path, variables, inputEnd, outputEnd, errorsEnd);
            var talk = new Talk(child, toInput, input, new Listener(fromOutput, longestOutput), new Listener(fromErrors, longestOutput));
            var killed = talk.UntilEnd(limit);
            if (killed is not null)
                // Not reaped yet, so the number still names this group. Nothing to be done if the group is empty.
                _ = LibC.Kill(-child.Handle.Id, (int)ProcessSignal.Kill);
            var exit = child.WaitForExit();
            return new ProgramRun { Exit = exit, Output = talk.Output.Text, Errors = talk.Errors.Text, Killed = killed };
        }
    }

    private static ChildProcess Start(string path, IReadOnlyDictionary<string, string> variables, FileDescriptor input, FileDescriptor output, FileDescriptor errors)
    {
        // Ours are closed in any case: what is read ends when the child's are closed.
        using (input)
        using (output)
        using (errors)
            return Start(path, Environment(variables), input, output, errors);
    }

    private static ChildProcess Start(string path, IReadOnlyList<string> environment, FileDescriptor input, FileDescriptor output, FileDescriptor errors)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return ChildProcess.Start(path, [], input, output, errors, [], environment, session: true);
            }
            catch (LinuxException busy) when (busy.Errno is Errno.ETXTBSY && attempt < BusyAttempts)
            {
                // Somebody is just writing it, or forked while it was written; nothing tells when that is over.
                PollDescriptor.Wait([], BusyPause);
            }
        }
    }

    private static IReadOnlyList<string> Environment(IReadOnlyDictionary<string, string> variables)
    {
        var entries = variables.Select(variable => $"{variable.Key}={variable.Value}").ToList();
        foreach (System.Collections.DictionaryEntry inherited in System.Environment.GetEnvironmentVariables())
        {
            if (!variables.ContainsKey((string)inherited.Key))
                entries.Add($"{inherited.Key}={inherited.Value}");
        }

        return entries;
    }

    private static unsafe (FileDescriptor Read, FileDescriptor Write) Pipe(bool nonBlockingWrite)
    {
        var ends = stackalloc int[2];
        LibC.Pipe(ends, LibC.O_CLOEXEC).OrThrow("create pipe");
        var (read, write) = (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
        // A program need not read its input at all.
        if (nonBlockingWrite)
            LibC.Fcntl(write, LibC.F_SETFL, LibC.O_NONBLOCK).OrThrow("set pipe non-blocking");
        return (read, write);
    }

    /// <summary>One side of what it says, up to a limit.</summary>
    private sealed class Listener(FileDescriptor pipe, int longest)
    {
        private readonly MemoryStream _heard = new();

        public FileDescriptor Pipe => pipe;

        public bool Ended { get; private set; }

        public bool TooMuch => _heard.Length > longest;

        public string Text => Encoding.UTF8.GetString(_heard.GetBuffer(), 0, (int)Math.Min(longest, _heard.Length));

        /// <summary>What is there now.</summary>
        public void Listen()
        {
            Span<byte> piece = stackalloc byte[Piece];
            while (!Ended && !TooMuch && PollDescriptor.Wait(pipe, PollDescriptor.In, 0))
            {
                var read = pipe.Read(piece);
                _heard.Write(piece[..read]);
                Ended = read == 0;
            }
        }
    }

    private sealed class Talk(ChildProcess child, FileDescriptor toInput, ReadOnlyMemory<byte> input, Listener output, Listener errors)
    {
        private ReadOnlyMemory<byte> _left = input;

        public Listener Output => output;

        public Listener Errors => errors;

        /// <summary>Null once it has ended; else why it has to.</summary>
        public string? UntilEnd(TimeSpan limit)
        {
            var started = TimeProvider.System.GetTimestamp();
            while (true)
            {
                var ended = child.Handle.HasExited;
                Say();
                output.Listen();
                errors.Listen();
                if (output.TooMuch || errors.TooMuch)
                    return "it wrote too much";
                if (ended)
                    return null;
                var left = limit - TimeProvider.System.GetElapsedTime(started);
                if (left <= TimeSpan.Zero)
                    return $"it did not end within {limit.TotalSeconds:0.#} s";
                Wait(left);
            }
        }

        private void Wait(TimeSpan left)
        {
            List<(SafeHandle, short)> news = [(child.Handle.Descriptor, PollDescriptor.In)];
            news.AddRange(new[] { output, errors }.Where(one => !one.Ended).Select(one => ((SafeHandle)one.Pipe, PollDescriptor.In)));
            if (_left.Length > 0)
                news.Add((toInput, PollDescriptor.Out));
            PollDescriptor.Wait(CollectionsMarshal.AsSpan(news), (int)Math.Ceiling(left.TotalMilliseconds));
        }

        private unsafe void Say()
        {
            while (_left.Length > 0)
            {
                SizeResult written;
                fixed (byte* start = _left.Span)
                    written = LibC.Write(toInput, start, (nuint)_left.Length);
                if (written.Failed && written.Errno == Errno.EAGAIN)
                    return;
                // It closed its input: what it has read was enough for it.
                _left = written.Failed && written.Errno == Errno.EPIPE ? default : _left[(int)written.OrThrow("write to child")..];
            }

            toInput.Dispose();
        }
    }
}
