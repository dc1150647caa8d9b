using Migration.Api;

namespace Migration.Controllers.VirtualMachines;

/// <summary>The one thing to do next. Each is idempotent: done twice, it is done once.</summary>
public abstract record VirtualMachineAction
{
    private VirtualMachineAction()
    {
    }

    /// <summary>Wait for something to change.</summary>
    public sealed record Wait : VirtualMachineAction;

    /// <summary>Look again, since a start was put off until then.</summary>
    public sealed record WaitUntil(DateTimeOffset Time) : VirtualMachineAction;

    public sealed record AddFinalizer : VirtualMachineAction;

    public sealed record RemoveFinalizer : VirtualMachineAction;

    public sealed record CreateInstance(VirtualMachineInstance Instance) : VirtualMachineAction;

    /// <summary>Becomes the owner of what is nobody's.</summary>
    public sealed record Adopt(VirtualMachineInstance Instance, VirtualMachineInstance Adopted) : VirtualMachineAction;

    public sealed record DeleteInstance(VirtualMachineInstance Instance, string Why) : VirtualMachineAction;

    /// <summary>Carries edits of the template to the instance that runs.</summary>
    public sealed record UpdateInstance(VirtualMachineInstance Instance, VirtualMachineInstance Updated) : VirtualMachineAction;

    /// <summary>Changes the virtual machine itself: a start asked of one that is halted, a NIC that is gone as asked.</summary>
    public sealed record Update(VirtualMachine Updated) : VirtualMachineAction;
}
