namespace Migration.Qemu;

/// <summary>UEFI firmware and where its variables are kept, as QEMU sees them; a machine without it begins with its BIOS.</summary>
public sealed record Firmware(string Code, string Variables, bool SecureBoot);
