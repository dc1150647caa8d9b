namespace Migration.Qemu;

/// <summary>A kernel started without a boot loader; paths as QEMU sees them.</summary>
public sealed record KernelBoot(string Kernel, string? Initrd, string Arguments);
