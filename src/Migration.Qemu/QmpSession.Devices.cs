using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Migration.Qemu;

public sealed partial class QmpSession
{
    /// <summary>
    /// Gives QEMU a descriptor under a name, for later commands ("fd:NAME" as a migration's URI, a netdev's fd). A name that is
    /// in use already is replaced.
    /// </summary>
    public Task GetFdAsync(string name, SafeHandle file, CancellationToken ct) =>
        CallAsync("execute", "getfd", new JsonObject { ["fdname"] = name }, file, ct);

    /// <summary>Takes back a descriptor that no command has used.</summary>
    public Task CloseFdAsync(string name, CancellationToken ct) => ExecuteAsync("closefd", new JsonObject { ["fdname"] = name }, ct);

    /// <summary>Sets the carrier of a NIC.</summary>
    public Task SetLinkAsync(string cardId, bool up, CancellationToken ct) =>
        ExecuteAsync("set_link", new JsonObject { ["name"] = QemuCommandLine.DeviceId(cardId), ["up"] = up }, ct);

    /// <summary>Plugs a NIC in; the tap's queues are given as descriptors.</summary>
    public async Task AddNetworkCardAsync(NetworkCard card, IReadOnlyList<SafeHandle> queues, CancellationToken ct)
    {
        var names = queues.Select((_, queue) => $"{QemuCommandLine.NetdevId(card.Id)}-{queue}").ToArray();
        for (var queue = 0; queue < queues.Count; queue++)
            await GetFdAsync(names[queue], queues[queue], ct);

        await ExecuteAsync("netdev_add", QemuCommandLine.Netdev(card, string.Join(':', names)), ct);
        try
        {
            await ExecuteAsync("device_add", QemuCommandLine.Device(card, queues.Count), ct);
        }
        catch (QmpException refused) when (!refused.SessionEnded)
        {
            await ExecuteAsync("netdev_del", new JsonObject { ["id"] = QemuCommandLine.NetdevId(card.Id) }, CancellationToken.None);
            throw;
        }
    }

    /// <summary>
    /// Asks the guest to let go of a NIC and removes it. A guest that does not answer keeps it: cancel when patience ends, and ask again.
    /// </summary>
    public async Task RemoveNetworkCardAsync(string cardId, CancellationToken ct)
    {
        var device = QemuCommandLine.DeviceId(cardId);
        using var deleted = Listen(happened => happened.Name == "DEVICE_DELETED" && happened.Data.Text("device") == device);
        try
        {
            await ExecuteAsync("device_del", new JsonObject { ["id"] = device }, ct);
            await deleted.NextAsync(ct);
        }
        catch (QmpException refused) when (refused.Class == "DeviceNotFound")
        {
            // Gone already: an earlier request was carried out.
        }

        await ExecuteAsync("netdev_del", new JsonObject { ["id"] = QemuCommandLine.NetdevId(cardId) }, ct);
    }
}
