using System.Text.Json.Nodes;

namespace Migration.Cluster.Tests.Contract;

/// <summary>A watch stream, read event by event.</summary>
public sealed class ApiWatch(HttpResponseMessage response, Stream stream) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly StreamReader _lines = new(stream);

    public int Code => (int)response.StatusCode;

    /// <summary>The next event; null when the server ended the watch.</summary>
    public async Task<JsonNode?> NextAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        var line = await _lines.ReadLineAsync(limit.Token);
        return line is null ? null : JsonNode.Parse(line);
    }

    /// <summary>Type and name of the next event, bookmarks left out.</summary>
    public async Task<string> NextNameAsync()
    {
        while (await NextAsync() is { } next)
        {
            if ((string?)next["type"] != "BOOKMARK")
                return $"{next["type"]} {next["object"]?["metadata"]?["name"]}";
        }
        return "the end";
    }

    public void Dispose()
    {
        _lines.Dispose();
        response.Dispose();
    }
}
