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

    /// <summary>The ids of the NICs that the guest has, one that is being taken out included.</summary>
    public async Task<IReadOnlySet<string>> QueryNetworkCardsAsync(CancellationToken ct)
    {
        var devices = await ExecuteAsync("qom-list", new JsonObject { ["path"] = "/machine/peripheral" }, ct);
        return devices.EnumerateArray()
            .Select(device => device.Text("name"))
            .Where(name => name.StartsWith(QemuCommandLine.DeviceStart, StringComparison.Ordinal))
            .Select(name => name[QemuCommandLine.DeviceStart.Length..])
            .ToHashSet();
    }

    /// <summary>
    /// Plugs a NIC in; the tap's queues are given as descriptors. What a former attempt left half-made is removed first.
    /// </summary>
    public async Task AddNetworkCardAsync(NetworkCard card, IReadOnlyList<SafeHandle> queues, CancellationToken ct)
    {
        await RemoveBackendAsync(card.Id, queues.Count, ct);
        try
        {
            var names = FileNames(card.Id, queues.Count).ToList();
            foreach (var (name, queue) in names.Zip(queues))
                await GetFdAsync(name, queue, ct);
            await ExecuteAsync("netdev_add", QemuCommandLine.Netdev(card, string.Join(':', names)), ct);
            await ExecuteAsync("device_add", QemuCommandLine.Device(card, queues.Count), ct);
        }
        catch (QmpException refused) when (!refused.SessionEnded)
        {
            await RemoveBackendAsync(card.Id, queues.Count, CancellationToken.None);
            throw;
        }
    }

    /// <summary>
    /// Asks the guest to let go of a NIC. Whether and when it does is its own affair: <c>DEVICE_DELETED</c> tells, and then
    /// <see cref="RemoveBackendAsync"/> removes the rest. May be asked again.
    /// </summary>
    public async Task AskForNetworkCardAsync(string cardId, CancellationToken ct)
    {
        try
        {
            await ExecuteAsync("device_del", new JsonObject { ["id"] = QemuCommandLine.DeviceId(cardId) }, ct);
        }
        catch (QmpException refused) when (!refused.SessionEnded)
        {
            // Gone already, or the guest is just at it.
        }
    }

    /// <summary>
    /// Has QEMU let go of a NIC's tap, once the guest has no such NIC (any more). Descriptors that were given and not used are QEMU's
    /// for ever, whatever becomes of the session, and a tap's queue cannot be opened twice.
    /// </summary>
    public async Task RemoveBackendAsync(string cardId, int queues, CancellationToken ct)
    {
        try
        {
            await ExecuteAsync("netdev_del", new JsonObject { ["id"] = QemuCommandLine.NetdevId(cardId) }, ct);
        }
        catch (QmpException refused) when (refused.Class == "DeviceNotFound")
        {
            // There is none.
        }

        foreach (var name in FileNames(cardId, queues))
            await ForgetFdAsync(name, ct);
    }

    private async Task ForgetFdAsync(string name, CancellationToken ct)
    {
        try
        {
            await CloseFdAsync(name, ct);
        }
        catch (QmpException refused) when (!refused.SessionEnded)
        {
            // It was not given, or it was used.
        }
    }

    private static IEnumerable<string> FileNames(string cardId, int queues) => Enumerable.Range(0, queues).Select(queue => $"{QemuCommandLine.NetdevId(cardId)}-{queue}");
}
