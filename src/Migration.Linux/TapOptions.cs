namespace Migration.Linux;

/// <summary>How a tap is made.</summary>
public sealed record TapOptions
{
    /// <summary>Descriptors to open; more than one makes it a multi-queue tap, which every later opener must ask for too.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Only this user (besides root) may open it later.</summary>
    public uint? Owner { get; init; }

    public uint? Group { get; init; }

    /// <summary>Each frame is preceded by a virtio-net header that carries its offloads (IFF_VNET_HDR): what QEMU's virtio-net wants.</summary>
    public bool VirtioNetHeader { get; init; } = true;

    /// <summary>Stays when the last descriptor is closed.</summary>
    public bool Persistent { get; init; }
}
