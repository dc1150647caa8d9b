namespace Migration.Qemu;

/// <summary>Who executes the guest's instructions.</summary>
public enum Accelerator
{
    Kvm,
    Tcg,
}
