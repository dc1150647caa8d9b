namespace Migration.Node.Networks;

/// <summary>A route that the guest is told. An empty gateway is an on-link route.</summary>
internal sealed record GuestRoute(string Destination, string Gateway);
