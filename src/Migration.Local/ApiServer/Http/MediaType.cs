namespace Migration.Local.ApiServer;

/// <summary>In what form the client wants its answer.</summary>
/// <param name="IsYaml">YAML instead of JSON.</param>
/// <param name="As">Transformation: Table, PartialObjectMetadata, PartialObjectMetadataList, APIGroupDiscoveryList; empty for the plain object.</param>
/// <param name="Version">Version of the transformation: v1, v1beta1, v2, v2beta1.</param>
internal sealed record MediaType(bool IsYaml, string As = "", string Version = "")
{
    private const string Accepted = "application/json, application/yaml";

    /// <summary>Takes the first of the offered forms that we can write, as clients list them by preference.</summary>
    public static MediaType Negotiate(string? accept)
    {
        if (string.IsNullOrWhiteSpace(accept))
            return new MediaType(false);
        foreach (var offer in accept.Split(','))
        {
            if (Read(offer) is { } form)
                return form;
        }
        throw ApiException.NotAcceptable(Accepted);
    }

    private static MediaType? Read(string offer)
    {
        var parts = offer.Split(';', StringSplitOptions.TrimEntries);
        bool isYaml;
        switch (parts[0].ToLowerInvariant())
        {
            case "application/json" or "*/*" or "application/*" or "text/*":
                isYaml = false;
                break;
            case "application/yaml" or "text/yaml":
                isYaml = true;
                break;
            default:
                return null;
        }
        var (form, group, version) = (Parameter(parts, "as"), Parameter(parts, "g"), Parameter(parts, "v"));
        return (form, group, version) switch
        {
            ("", _, _) => new MediaType(isYaml),
            ("Table" or "PartialObjectMetadata" or "PartialObjectMetadataList", "meta.k8s.io", "v1" or "v1beta1") => new MediaType(isYaml, form, version),
            ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2" or "v2beta1") => new MediaType(isYaml, form, version),
            _ => null,
        };
    }

    private static string Parameter(string[] parts, string name) =>
        parts.FirstOrDefault(p => p.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";
}
