using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>What a list or watch asks for.</summary>
internal sealed record ListOptions
{
    public required LabelSelector Labels { get; init; }

    public required FieldSelector Fields { get; init; }

    public int? Limit { get; init; }

    public string? Continue { get; init; }

    /// <summary>Null when not given ("most recent").</summary>
    public ulong? ResourceVersion { get; init; }

    public string ResourceVersionMatch { get; init; } = "";

    public bool Watch { get; init; }

    public TimeSpan? Timeout { get; init; }

    public bool Bookmarks { get; init; }

    public bool SendInitialEvents { get; init; }

    public static ListOptions Read(IQueryCollection query, ResourceType type) => new()
    {
        Labels = LabelSelector.Parse(query["labelSelector"]),
        Fields = FieldSelector.Parse(query["fieldSelector"], type),
        Limit = Number(query, "limit") is { } limit and > 0 ? (int)Math.Min(limit, int.MaxValue) : null,
        Continue = query["continue"] is [{ Length: > 0 } token] ? token : null,
        ResourceVersion = Version(query),
        ResourceVersionMatch = query["resourceVersionMatch"].ToString(),
        Watch = Flag(query, "watch"),
        Timeout = Number(query, "timeoutSeconds") is { } seconds and > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, 86400)) : null,
        Bookmarks = Flag(query, "allowWatchBookmarks"),
        SendInitialEvents = Flag(query, "sendInitialEvents"),
    };

    public bool Matches(StoredObject candidate) => Labels.Matches(candidate.Labels) && (Fields.IsEverything || Fields.Matches(candidate.Root));

    public static bool Flag(IQueryCollection query, string name) => query[name] is [{ } value, ..] && value is "1" or "true" or "True";

    private static long? Number(IQueryCollection query, string name)
    {
        var text = query[name].ToString();
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ApiException.BadRequest($"{name}: strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    private static ulong? Version(IQueryCollection query)
    {
        var text = query["resourceVersion"].ToString();
        if (text.Length == 0)
            return null;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw ApiException.BadRequest($"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }
}
