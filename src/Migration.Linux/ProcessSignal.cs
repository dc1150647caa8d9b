namespace Migration.Linux;

/// <summary>signal(7), the ones we send.</summary>
public enum ProcessSignal
{
    /// <summary>Asks only whether the process is there.</summary>
    None = 0,
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
