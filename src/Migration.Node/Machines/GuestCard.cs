using Migration.Node.Networks;

namespace Migration.Node.Machines;

/// <summary>A NIC that the guest has, and its carrier as far as this process has set it.</summary>
internal sealed record GuestCard(string Name, LinkState? Link);
