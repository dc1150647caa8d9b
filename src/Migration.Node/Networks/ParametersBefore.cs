using System.Globalization;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// Kernel parameters of a pod as they were before a binding changed them. They are kept as the comment of that binding's table, so they are
/// written in the same transaction, are there after any crash, and go with the table: <c>ipv4/ip_forward=0</c>. A kernel that keeps no
/// comments (before 5.10) keeps the parameters as they were set.
/// </summary>
internal sealed record ParametersBefore(IReadOnlyDictionary<string, string> Values)
{
    // Comments are short, and there are no others.
    private const string Root = "net/";

    public static ParametersBefore None { get; } = new(new Dictionary<string, string>());

    /// <summary>Those that are about to change.</summary>
    public static ParametersBefore Read(NetworkNamespace space, IEnumerable<KeyValuePair<string, string>> wanted) =>
        new(wanted.Select(one => (one.Key, Wanted: one.Value, Present: Sysctl.TryRead(space, one.Key)))
            .Where(one => one.Present is not null && one.Present != one.Wanted)
            .ToDictionary(one => one.Key, one => one.Present!));

    public static ParametersBefore Of(FilterTable? table)
    {
        if (table?.Comment is not { } comment)
            return None;
        var pairs = comment.Split(' ').Select(pair => pair.Split('=')).Where(pair => pair.Length == 2 && int.TryParse(pair[1], CultureInfo.InvariantCulture, out _));
        return new(pairs.ToDictionary(pair => Root + pair[0], pair => pair[1]));
    }

    public string? ToComment() => Values.Count == 0 ? null : string.Join(' ', Values.Select(one => $"{one.Key[Root.Length..]}={one.Value}"));

    public void Restore(NetworkNamespace space, Func<string, bool> which)
    {
        foreach (var (key, value) in Values.Where(one => which(one.Key)).Reverse())
        {
            if (Sysctl.TryRead(space, key) is { } present && present != value)
                Sysctl.Write(space, key, value);
        }
    }
}
