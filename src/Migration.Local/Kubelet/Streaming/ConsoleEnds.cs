namespace Migration.Local.Kubelet.Streaming;

/// <summary>What a client that executes a command or attaches to a container is connected with.</summary>
/// <param name="Input">Null if nothing may be sent.</param>
/// <param name="ClosesInput">Whether the client's end of input is the end of the command's.</param>
/// <param name="Forward">Passes all output on until there is no more: (is it standard error, bytes).</param>
/// <param name="Exit">The exit code; 0 for a container that was merely watched.</param>
internal sealed record ConsoleEnds(
    Stream? Input, bool ClosesInput, Func<Func<bool, ReadOnlyMemory<byte>, Task>, CancellationToken, Task> Forward, Task<int> Exit)
{
    public Action<ushort, ushort> Resize { get; init; } = (_, _) => { };
}
