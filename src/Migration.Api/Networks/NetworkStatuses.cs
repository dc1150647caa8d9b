using System.Text;
using System.Text.Json;

namespace Migration.Api;

/// <summary>The annotation <see cref="Annotations.NetworkStatus"/>, read and written.</summary>
public static class NetworkStatuses
{
    /// <summary>What the annotation says; one that is missing or cannot be read says nothing.</summary>
    public static IReadOnlyList<NetworkStatus> Read(string? annotation)
    {
        if (string.IsNullOrWhiteSpace(annotation))
            return [];
        try
        {
            return JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(annotation), ApiJson.Default.ListNetworkStatus)?.OfType<NetworkStatus>().ToList() ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    public static string Write(IEnumerable<NetworkStatus> statuses) => JsonSerializer.Serialize([.. statuses], ApiJson.Default.ListNetworkStatus);
}
