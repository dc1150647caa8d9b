using Migration.Api;

namespace Migration.Controllers.Instances;

/// <summary>What the status is to say, and the one thing to do.</summary>
public sealed record InstanceStep(VirtualMachineInstanceStatus Status, InstanceAction Action);
