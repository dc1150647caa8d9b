namespace Grpc.Core;

/// <summary>Collects the application's entries out of a message's headers.</summary>
internal static class MetadataReader
{
    public static void AddHeader(Metadata metadata, string name, string value)
    {
        name = name.ToLowerInvariant();
        if (HeaderNames.IsReserved(name)) return;
        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal))
        {
            Add(metadata, name, value);
            return;
        }
        // Several binary values may arrive joined; base64 has no comma.
        foreach (var part in value.Split(','))
        {
            Add(metadata, name, part);
        }
    }

    private static void Add(Metadata metadata, string name, string value)
    {
        if (Metadata.Entry.FromWire(name, value) is { } entry) metadata.Add(entry);
    }
}
