using System.Buffers.Binary;

namespace Migration.Qemu;

/// <summary>What an image file holds: its format, and how large a disk the guest sees.</summary>
public sealed record DiskImage(DiskFormat Format, long Size)
{
    private const uint Qcow2Magic = 0x514649FB;
    private const ulong ExternalData = 1 << 2;

    /// <exception cref="InvalidDataException">An image that leads to other files: whoever made it could read what the pod can.</exception>
    public static DiskImage Read(Stream image, string name)
    {
        Span<byte> header = stackalloc byte[104];
        image.Position = 0;
        var length = image.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (length < 72 || BinaryPrimitives.ReadUInt32BigEndian(header) != Qcow2Magic)
            return new(DiskFormat.Raw, image.Length);
        if (BinaryPrimitives.ReadInt64BigEndian(header[8..]) != 0)
            throw new InvalidDataException($"{name} lies over another image: it must be complete in itself");
        if (BinaryPrimitives.ReadUInt32BigEndian(header[4..]) >= 3 && (BinaryPrimitives.ReadUInt64BigEndian(header[72..]) & ExternalData) != 0)
            throw new InvalidDataException($"{name} keeps its data in another file: it must be complete in itself");
        return new(DiskFormat.Qcow2, BinaryPrimitives.ReadInt64BigEndian(header[24..]));
    }
}
