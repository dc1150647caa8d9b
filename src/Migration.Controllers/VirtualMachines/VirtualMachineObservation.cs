using Migration.Api;

namespace Migration.Controllers.VirtualMachines;

/// <summary>Everything that decides what happens next with a virtual machine.</summary>
public sealed record VirtualMachineObservation
{
    public required VirtualMachine Machine { get; init; }

    /// <summary>The instance of its name, whoever's it is.</summary>
    public VirtualMachineInstance? Instance { get; init; }

    public required DateTimeOffset Now { get; init; }

    public VirtualMachineStatus Status => Machine.Status ?? new VirtualMachineStatus();

    /// <summary>The instance, if it is this virtual machine's.</summary>
    public VirtualMachineInstance? Own => Instance?.Metadata.ControllingOwner?.Uid == Machine.Metadata.Uid ? Instance : null;

    /// <summary>Nobody's: made by hand, or left behind by one that was deleted without it.</summary>
    public bool IsStray => Instance is { Metadata.ControllingOwner: null };
}
