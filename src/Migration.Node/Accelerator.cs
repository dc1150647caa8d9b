namespace Migration.Node;

/// <summary>How QEMU executes the guest's instructions.</summary>
internal enum Accelerator
{
    /// <summary>KVM where it works, else software emulation.</summary>
    Auto,
    Kvm,
    Tcg,
}
