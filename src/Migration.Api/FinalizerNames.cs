namespace Migration.Api;

/// <summary>What keeps an object until we have cleaned up behind it.</summary>
public static class FinalizerNames
{
    /// <summary>On virtual machines: the instance is still there.</summary>
    public const string VirtualMachine = "kubevirt.io/virtualMachineControllerFinalize";

    /// <summary>The garbage collector's, on what is deleted with its dependents left alone.</summary>
    public const string Orphan = "orphan";

    /// <summary>On instances: machines and pods are still there.</summary>
    public const string Instance = "kubevirt.io/foregroundDeleteVirtualMachine";

    /// <summary>On migrations: the two nodes still know of it.</summary>
    public const string Migration = "kubevirt.io/migrationJobFinalize";
}
