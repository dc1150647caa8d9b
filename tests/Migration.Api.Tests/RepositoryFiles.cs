using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Migration.Api.Tests;

/// <summary>The checkout's own files, and the compatibility data that lies beside it.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Ascend(AppContext.BaseDirectory, "Migration.sln")
        ?? throw new InvalidOperationException($"no Migration.sln above {AppContext.BaseDirectory}");

    /// <summary>Null where the checkout stands alone.</summary>
    public static string? Compatibility { get; } =
        Ascend(Root, "shared/compat/fields.txt") is { } beside ? Path.Combine(beside, "shared/compat") : null;

    public static string RequireCompatibility()
    {
        // Where it is known to be there, its absence is a failure.
        Assert.False(Compatibility is null && Environment.GetEnvironmentVariable("CI") == "true", "there is no shared/compat beside this checkout");
        Assert.SkipWhen(Compatibility is null, "there is no shared/compat beside this checkout");
        return Compatibility!;
    }

    /// <summary>The documents of a YAML file as JSON.</summary>
    public static IEnumerable<JsonObject> Documents(string path)
    {
        using var reader = File.OpenText(path);
        var yaml = new YamlStream();
        yaml.Load(reader);
        return [.. yaml.Documents.Select(document => (JsonObject)ToJson(document.RootNode)!)];
    }

    /// <summary>The schema of a custom resource's version in deploy/crds.</summary>
    public static JsonObject Schema(string plural, string version)
    {
        var crd = Documents(Path.Combine(Root, "deploy/crds", plural + ".yaml")).Single();
        var found = crd["spec"]!["versions"]!.AsArray().Single(v => (string?)v!["name"] == version)!;
        return (JsonObject)found["schema"]!["openAPIV3Schema"]!;
    }

    private static string? Ascend(string from, string wanted)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (Path.Exists(Path.Combine(folder.FullName, wanted)))
                return folder.FullName;
        }
        return null;
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, ToJson(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value ?? ""),
        YamlScalarNode quoted => JsonValue.Create(quoted.Value),
        _ => throw new InvalidOperationException($"unexpected {node.NodeType}"),
    };

    private static JsonNode? Plain(string text)
    {
        if (text is "" or "null" or "~")
            return null;
        if (text is "true" or "false")
            return JsonValue.Create(text == "true");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(text);
    }
}
