using System.Text.Json;

namespace Migration.Qemu;

/// <summary>What QEMU calls itself.</summary>
public sealed record QemuVersion(int Major, int Minor, int Micro, string Package)
{
    public override string ToString() => $"{Major}.{Minor}.{Micro}";

    internal static QemuVersion From(JsonElement version)
    {
        var qemu = version.GetProperty("qemu");
        return new((int)qemu.Number("major"), (int)qemu.Number("minor"), (int)qemu.Number("micro"), version.Text("package"));
    }
}
