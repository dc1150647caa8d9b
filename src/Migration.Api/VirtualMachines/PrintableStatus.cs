namespace Migration.Api;

/// <summary>A virtual machine's state in a word, for people: <c>status.printableStatus</c>.</summary>
public static class PrintableStatus
{
    public const string Stopped = "Stopped";
    public const string Provisioning = "Provisioning";
    public const string Starting = "Starting";
    public const string Running = "Running";
    public const string Paused = "Paused";
    public const string Migrating = "Migrating";
    public const string Stopping = "Stopping";
    public const string Terminating = "Terminating";

    /// <summary>Its instances ended before their guest ran; the next one has to wait.</summary>
    public const string CrashLoopBackOff = "CrashLoopBackOff";

    public const string Unschedulable = "ErrorUnschedulable";
    public const string ErrImagePull = "ErrImagePull";
    public const string ImagePullBackOff = "ImagePullBackOff";
    public const string ClaimNotFound = "ErrorPvcNotFound";
    public const string WaitingForVolumeBinding = "WaitingForVolumeBinding";
    public const string Unknown = "Unknown";
}
