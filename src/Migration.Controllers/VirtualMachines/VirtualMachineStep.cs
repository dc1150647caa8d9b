using Migration.Api;

namespace Migration.Controllers.VirtualMachines;

/// <summary>What the status is to say, and the one thing to do.</summary>
public sealed record VirtualMachineStep(VirtualMachineStatus Status, VirtualMachineAction Action);
