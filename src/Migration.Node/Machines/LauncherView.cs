namespace Migration.Node.Machines;

/// <summary>What is known of the launcher in the pod.</summary>
internal enum LauncherView
{
    /// <summary>Its socket is not there yet.</summary>
    NotYet,
    /// <summary>It answered before and does not any more, or its pod's directory is gone.</summary>
    Gone,
    /// <summary>It waits for Launch.</summary>
    Waiting,
    /// <summary>It runs QEMU.</summary>
    Running,
    /// <summary>Its QEMU ended.</summary>
    Ended,
    /// <summary>It keeps the pod of a guest that moved.</summary>
    Anchor,
}
