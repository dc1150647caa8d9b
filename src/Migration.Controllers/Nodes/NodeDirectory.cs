using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Nodes;

/// <summary>
/// The cluster's nodes, each with its connection. Told of every change to a Node object; a node whose address changed
/// is dialled anew, one that is gone is hung up on.
/// </summary>
public sealed class NodeDirectory(NodeCertificates certificates, int port, TimeProvider time, ILogger<NodeDirectory> log) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, NodeConnection> _connections = new();
    private readonly ConcurrentBag<Task> _hangingUp = [];

    /// <summary>A machine of this instance changed.</summary>
    public event Action<ObjectKey>? MachineChanged;

    /// <summary>What this node has became known, or unknown.</summary>
    public event Action<string>? NodeChanged;

    /// <summary>The node's connection, or null if there is no such node.</summary>
    public NodeConnection? Find(string? node) => node is null ? null : _connections.GetValueOrDefault(node);

    public MachineView Machine(string? node, string id) => Find(node)?.Find(id) ?? MachineView.Unknown;

    /// <summary>Every machine of this instance, with its node, on the nodes that can be asked.</summary>
    public IReadOnlyList<(string Node, Machine Machine)> MachinesOf(ObjectKey instance) =>
        [.. _connections.Values.SelectMany(connection => connection.MachinesOf(instance).Select(machine => (connection.Name, machine)))];

    /// <summary>The instances that have machines on this node, if it can be asked.</summary>
    public IEnumerable<ObjectKey> InstancesOn(string node) => Find(node)?.Instances ?? [];

    /// <summary>Called for every Node object that is seen, one at a time.</summary>
    public void Saw(Kubernetes.Node node)
    {
        var name = node.Metadata.Name!;
        var address = AddressOf(node);
        if (_connections.TryGetValue(name, out var known))
        {
            if (known.Address == address)
                return;
            Gone(name);
        }
        if (address is null)
            return;
        _connections[name] = new NodeConnection(name, address, certificates, key => MachineChanged?.Invoke(key), reached => NodeChanged?.Invoke(reached), time, log);
    }

    /// <summary>Called for every Node object that is gone.</summary>
    public void Gone(string node)
    {
        if (_connections.TryRemove(node, out var connection))
            _hangingUp.Add(connection.DisposeAsync().AsTask());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _connections.Keys)
            Gone(node);
        await Task.WhenAll(_hangingUp);
    }

    private Uri? AddressOf(Kubernetes.Node node) =>
        IPAddress.TryParse(node.Status?.Address("InternalIP"), out var address) ? new Uri($"https://{new IPEndPoint(address, port)}") : null;
}
