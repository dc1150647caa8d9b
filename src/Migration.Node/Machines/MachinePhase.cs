namespace Migration.Node.Machines;

/// <summary>Where a machine is in its life; the contract's <c>MachinePhase</c>.</summary>
internal enum MachinePhase
{
    /// <summary>The plan is known; the pod's network is not attached yet.</summary>
    Planned = 1,
    /// <summary>The network is bound; the launcher or QEMU is not up yet.</summary>
    Starting,
    /// <summary>QEMU waits for an incoming migration.</summary>
    Incoming,
    Running,
    /// <summary>The guest is loaded here but its vCPUs do not run.</summary>
    Paused,
    /// <summary>The guest moved to another node.</summary>
    Moved,
    /// <summary>The guest shut itself down.</summary>
    Stopped,
    /// <summary>QEMU or the launcher ended in another way.</summary>
    Failed,
}
