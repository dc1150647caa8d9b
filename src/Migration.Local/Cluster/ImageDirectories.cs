namespace Migration.Local.Cluster;

/// <summary>
/// The process runtime has no registry: an image is a local directory. A name is looked up with registry and tag,
/// without the tag, and by its last part, so that manifests from elsewhere find a local stand-in.
/// </summary>
public sealed class ImageDirectories(IReadOnlyDictionary<string, string> directories)
{
    public string Find(string image) =>
        Candidates(image).Select(name => directories.GetValueOrDefault(name)).FirstOrDefault(found => found is not null)
        ?? throw new ImageNotFoundException(image, directories.Keys);

    private static IEnumerable<string> Candidates(string image)
    {
        yield return image;
        var untagged = image.LastIndexOf(':') is var colon && colon > image.LastIndexOf('/') ? image[..colon] : image;
        yield return untagged;
        yield return untagged[(untagged.LastIndexOf('/') + 1)..];
    }
}

/// <summary>The image is not mapped to a directory of this machine.</summary>
public sealed class ImageNotFoundException(string image, IEnumerable<string> known)
    : Exception($"image \"{image}\" is not mapped to a local directory; known: {string.Join(", ", known.Order())}");
