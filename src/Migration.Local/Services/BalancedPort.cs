using System.Net;

namespace Migration.Local.Services;

/// <summary>One port of a service in one family of addresses, as the data plane needs it.</summary>
/// <param name="Endpoints">Where connections go, in a fixed order; empty: they are refused.</param>
/// <param name="KeepsClients">A client always gets the same endpoint, as long as these endpoints stay.</param>
internal sealed record BalancedPort(
    string Name, IReadOnlyList<IPAddress> Addresses, byte Protocol, ushort Port, ushort? NodePort, IReadOnlyList<IPEndPoint> Endpoints, bool KeepsClients);
