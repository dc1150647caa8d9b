namespace Migration.Api;

/// <summary>What a disk may be connected to.</summary>
public static class DiskBus
{
    public const string Virtio = "virtio";
    public const string Scsi = "scsi";
    public const string Sata = "sata";
    public const string Usb = "usb";
}
