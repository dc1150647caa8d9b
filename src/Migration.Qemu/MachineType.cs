namespace Migration.Qemu;

/// <summary>A machine type of this QEMU: <c>pc-q35-7.2</c>, with alias <c>q35</c>.</summary>
public sealed record MachineType(string Name, string? Alias, bool IsDefault, bool IsDeprecated);
