namespace Migration.Node.Machines;

/// <summary>A kernel and an initramfs on a volume of the pod.</summary>
internal sealed record KernelBoot(string Volume, string KernelPath, string InitrdPath, string Arguments);
