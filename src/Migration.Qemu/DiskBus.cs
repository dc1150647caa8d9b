namespace Migration.Qemu;

/// <summary>What a disk is connected to.</summary>
public enum DiskBus
{
    Virtio,
    Scsi,
    Sata,
    Usb,
}
