namespace Migration.Qemu.Tests;

/// <summary>Tests with real QEMUs run one after the other: two guests are as many as a small machine emulates at a time.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class RealQemu
{
    public const string Collection = "real QEMU";
}
