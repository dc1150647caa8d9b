namespace Migration.Netlink;

/// <summary>A qdisc of an interface, as far as needed to recognise it.</summary>
public sealed record QueueingDiscipline(int InterfaceIndex, string Kind, uint Handle, uint Parent);
