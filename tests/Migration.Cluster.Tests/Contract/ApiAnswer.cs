using System.Text.Json.Nodes;

namespace Migration.Cluster.Tests.Contract;

/// <summary>What came back for a request.</summary>
public sealed record ApiAnswer(int Code, string Body, string ContentType, IReadOnlyList<string> Warnings)
{
    public JsonNode Json => JsonNode.Parse(Body) ?? throw new InvalidDataException("the answer is null");

    public string Message => Text("message");

    public string Version => Text("metadata", "resourceVersion");

    /// <summary>The text at a path of members; empty when there is none.</summary>
    public string Text(params string[] path) => Find(path)?.ToString() ?? "";

    public JsonNode? Find(params string[] path)
    {
        JsonNode? node = Json;
        foreach (var name in path)
            node = node is JsonArray list ? list.ElementAtOrDefault(int.Parse(name)) : (node as JsonObject)?[name];
        return node;
    }

    public ApiAnswer Expect(int code)
    {
        Assert.True(Code == code, $"expected {code}, got {this}");
        return this;
    }

    /// <summary>A refusal that says so as a Status, with this reason and this text somewhere in its message.</summary>
    public ApiAnswer ExpectFailure(int code, string reason, string message = "")
    {
        Expect(code);
        Assert.Equal(("Status", "Failure", reason), (Text("kind"), Text("status"), Text("reason")));
        Assert.Contains(message, Message, StringComparison.Ordinal);
        return this;
    }

    public override string ToString() => $"{Code} {ContentType}\n{(Body.Length > 4000 ? Body[..4000] : Body)}";
}
