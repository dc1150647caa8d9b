namespace Migration.Api;

/// <summary>What keeps an object until we have cleaned up behind it.</summary>
public static class FinalizerNames
{
    /// <summary>On instances: machines and pods are still there.</summary>
    public const string Instance = "kubevirt.io/foregroundDeleteVirtualMachine";

    /// <summary>On migrations: the two nodes still know of it.</summary>
    public const string Migration = "kubevirt.io/migrationJobFinalize";
}
