namespace Migration.Api;

/// <summary>Types of a virtual machine's conditions. The instance's own are repeated beside them.</summary>
public static class VirtualMachineCondition
{
    /// <summary>The instance's.</summary>
    public const string Ready = "Ready";

    /// <summary>The instance could not be made.</summary>
    public const string Failure = "Failure";

    /// <summary>The template was changed in a way that a running guest cannot take; the message names the fields.</summary>
    public const string RestartRequired = "RestartRequired";
}
