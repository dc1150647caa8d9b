namespace Migration.Qemu;

/// <summary>A file of an image to be written.</summary>
internal sealed class IsoFile(string name, byte[] content)
{
    public string Name => name;

    public byte[] Content => content;

    /// <summary>Where its content begins.</summary>
    public int Sector { get; set; }
}
