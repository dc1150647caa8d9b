using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What was observed of a virtual machine.</summary>
public sealed record VirtualMachineStatus : OpenRecord
{
    /// <summary>It has an instance.</summary>
    public bool? Created { get; init; }

    /// <summary>Its guest runs and can be reached.</summary>
    public bool? Ready { get; init; }

    /// <summary>One of <see cref="Api.PrintableStatus"/>.</summary>
    public string? PrintableStatus { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }

    /// <summary>What was asked for and not done yet, in order.</summary>
    public IReadOnlyList<StateChangeRequest>? StateChangeRequests { get; init; }

    /// <summary>Instances that ended before their guest ran.</summary>
    public StartFailure? StartFailure { get; init; }

    /// <summary>The generation that is in effect: while a restart is required, the one that the instance was made of.</summary>
    public long? ObservedGeneration { get; init; }

    public long? DesiredGeneration { get; init; }

    /// <summary>The strategy that was put into effect; of Once and RerunOnFailure, when an instance was made under it.</summary>
    public string? RunStrategy { get; init; }
}
