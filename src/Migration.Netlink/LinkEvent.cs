namespace Migration.Netlink;

/// <summary>A link appeared, changed, or (<see cref="Removed"/>) is gone from the namespace.</summary>
public sealed record LinkEvent(Link Link, bool Removed);
