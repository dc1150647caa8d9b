using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The machine itself: <c>spec.domain</c>.</summary>
public sealed record Domain : OpenRecord
{
    internal static readonly Domain Empty = new();

    public Resources? Resources { get; init; }

    public Cpu? Cpu { get; init; }

    public Memory? Memory { get; init; }

    public MachineType? Machine { get; init; }

    public Firmware? Firmware { get; init; }

    public Devices Devices { get => field ?? Devices.Empty; init; }
}
