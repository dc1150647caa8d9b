using Migration.Api;

namespace Migration.Controllers.Evacuation;

/// <summary>What the instance's status is to say, and the one thing to do.</summary>
public sealed record EvacuationStep(VirtualMachineInstanceStatus Status, EvacuationAction Action);
