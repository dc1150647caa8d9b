namespace Migration.Node.Networks;

/// <summary>One of several ways of a multipath route as it is written down.</summary>
internal sealed record NicNextHop(string? Gateway, int Link, int Weight, bool OnLink);
