using System.Net.NetworkInformation;
using System.Text.Json.Nodes;

namespace Migration.Qemu;

/// <summary>
/// The arguments of a machine's QEMU. A pure function: the same definition gives the same devices at the same addresses, which is
/// what a migration needs. QEMU always starts stopped (-S); the serial console is its standard output.
/// <para>
/// PCI: NICs, which may come and go, sit behind root ports (slots) that are always there, 0 to 7 as functions of device 2;
/// everything else has a fixed place on the root bus: 5 balloon, 6 entropy, 3, 4 and 7 and up disks.
/// </para>
/// </summary>
public static class QemuCommandLine
{
    /// <summary>How many NICs a machine can have.</summary>
    public const int Slots = 8;

    /// <summary>What the launcher replaces by a descriptor's number.</summary>
    public static string FilePlaceholder(string name) => $"{PlaceholderStart}{name}}}";

    internal const string PlaceholderStart = "{fd:", DeviceStart = "nic-";

    private const string MonitorStart = "socket,id=monitor,path=", MonitorEnd = ",server=on,wait=off";

    /// <summary>Throws <see cref="ArgumentException"/> naming the part that no QEMU could be started with.</summary>
    public static IReadOnlyList<string> Arguments(MachineDefinition machine)
    {
        Check(machine);
        return
        [
            "-nodefaults", "-no-user-config", "-display", "none", "-S", "-msg", "timestamp=on",
            "-name", $"guest={Escaped(machine.Name)},debug-threads=on",
            "-uuid", machine.Uuid.ToString(),
            .. Sandbox(),
            .. Board(machine),
            .. Variables(machine.Firmware),
            .. Boot(machine.KernelBoot),
            .. Monitor(machine.QmpPath),
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            .. Ports(),
            .. machine.Cards.SelectMany(Card),
            "-device", "virtio-balloon-pci,id=balloon,bus=pcie.0,addr=0x5",
            "-object", "rng-random,id=entropy,filename=/dev/urandom",
            "-device", "virtio-rng-pci,id=rng,rng=entropy,bus=pcie.0,addr=0x6",
            .. DiskArguments.Of(machine.Disks),
            .. machine.Incoming ? (string[])["-incoming", "defer"] : [],
        ];
    }

    /// <summary>Where QMP is, of a QEMU started with arguments made here; null for others.</summary>
    public static string? MonitorPath(IReadOnlyList<string> arguments)
    {
        var monitor = arguments.FirstOrDefault(argument => argument.StartsWith(MonitorStart, StringComparison.Ordinal));
        return monitor?[MonitorStart.Length..^MonitorEnd.Length].Replace(",,", ",", StringComparison.Ordinal);
    }

    /// <summary>The device of a disk, by the disk's id.</summary>
    public static string DiskDeviceId(string diskId) => DiskArguments.DeviceId(diskId);

    /// <summary>The device of a card, by the card's id.</summary>
    public static string DeviceId(string cardId) => DeviceStart + cardId;

    internal static string NetdevId(string cardId) => $"net-{cardId}";

    /// <summary>Arguments of <c>netdev_add</c>; the names are of descriptors given by <c>getfd</c>, separated by colons.</summary>
    internal static JsonObject Netdev(NetworkCard card, string files) => new()
    {
        ["type"] = "tap",
        ["id"] = NetdevId(card.Id),
        ["fds"] = files,
        ["vhost"] = false,
    };

    /// <summary>Arguments of <c>device_add</c>.</summary>
    internal static JsonObject Device(NetworkCard card, int queues)
    {
        var device = new JsonObject();
        foreach (var (name, value) in DeviceProperties(card, queues))
            device[name] = value.DeepClone();
        return device;
    }

    // A QEMU that a guest has broken out of can do little more: no new processes, no new privileges.
    private static string[] Sandbox() => ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"];

    private static string[] Board(MachineDefinition machine) =>
    [
        "-machine", $"{Escaped(machine.MachineType)},usb=off,vmport=off,dump-guest-core=off{Flash(machine.Firmware)}",
        "-accel", machine.Accelerator is Accelerator.Kvm ? "kvm" : "tcg",
        "-cpu", machine.CpuModel,
        "-smp", $"{machine.Cpus.Count},sockets={machine.Cpus.Sockets},cores={machine.Cpus.Cores},threads={machine.Cpus.Threads}",
        "-m", $"size={Memory(machine)}B",
        "-rtc", "base=utc",
    ];

    /// <summary>
    /// What the guest gets of the memory it was given: with TCG 8 KiB less. QEMU before 9.0 loses writes of an emulated guest while it migrates:
    /// it collects dirty bits 64 pages at a time, and on that path forgets that vCPUs then have to report their writes anew (mended by its
    /// commit 03bfc2188f06). Memory that is no multiple of 64 pages takes the careful path. All versions are treated alike, because both
    /// ends of a migration must have the same size.
    /// </summary>
    private static long Memory(MachineDefinition machine)
    {
        const long hastyUnit = 64 * 4096, smallestStep = 8192;
        return machine.Accelerator is Accelerator.Tcg && machine.MemoryBytes % hastyUnit == 0 ? machine.MemoryBytes - smallestStep : machine.MemoryBytes;
    }

    private static string Flash(Firmware? firmware) => firmware is null ? "" : $",pflash0=firmware,pflash1=variables{(firmware.SecureBoot ? ",smm=on" : "")}";

    private static string[] Variables(Firmware? firmware) => firmware is null
        ? []
        :
        [
            "-blockdev", $"node-name=firmware,driver=raw,read-only=on,file.driver=file,file.filename={Escaped(firmware.Code)}",
            "-blockdev", $"node-name=variables,driver=raw,file.driver=file,file.filename={Escaped(firmware.Variables)}",
            .. firmware.SecureBoot ? (string[])["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"] : [],
        ];

    private static string[] Boot(KernelBoot? boot) => boot is null
        ? []
        : ["-kernel", boot.Kernel, .. boot.Initrd is { } initrd ? (string[])["-initrd", initrd] : [], "-append", boot.Arguments];

    private static string[] Monitor(string path) =>
        ["-chardev", $"{MonitorStart}{Escaped(path)}{MonitorEnd}", "-mon", "chardev=monitor,mode=control"];

    private static IEnumerable<string> Ports() => Enumerable.Range(0, Slots).SelectMany(slot => (string[])
    [
        "-device",
        $"pcie-root-port,id={Port(slot)},bus=pcie.0,chassis={slot + 1},addr=0x2.0x{slot:x}{(slot == 0 ? ",multifunction=on" : "")}",
    ]);

    private static IEnumerable<string> Card(NetworkCard card)
    {
        var placeholders = string.Join(':', card.TapFiles.Select(FilePlaceholder));
        var properties = DeviceProperties(card, card.TapFiles.Count)
            .Select(property => property.Name == "driver" ? property.Value.ToString() : $"{property.Name}={Plain(property.Value)}");
        yield return "-netdev";
        yield return $"tap,id={NetdevId(card.Id)},fds={placeholders},vhost=off";
        yield return "-device";
        yield return string.Join(',', properties);
    }

    private static IEnumerable<(string Name, JsonNode Value)> DeviceProperties(NetworkCard card, int queues)
    {
        yield return ("driver", Driver(card.Model));
        yield return ("id", DeviceId(card.Id));
        yield return ("netdev", NetdevId(card.Id));
        yield return ("mac", Colons(card.Mac));
        yield return ("bus", Port(card.Slot));
        yield return ("addr", "0x0");
        // No option ROM: nothing boots from the network, and a ROM of another size would fail a migration.
        yield return ("rombar", 0);
        yield return ("romfile", "");
        if (card.Model != "virtio")
            yield break;
        if (card.Mtu is { } mtu)
            yield return ("host_mtu", mtu);
        if (queues > 1)
        {
            yield return ("mq", true);
            // One interrupt for each direction of each queue, one for the control queue, one for configuration changes.
            yield return ("vectors", 2 * queues + 2);
        }
    }

    private static string Driver(string model) => model == "virtio" ? "virtio-net-pci" : model;

    private static string Port(int slot) => $"port{slot}";

    private static string Plain(JsonNode value) => value.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.True => "on",
        System.Text.Json.JsonValueKind.False => "off",
        _ => Escaped(value.ToString()),
    };

    private static string Colons(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(part => part.ToString("x2")));

    // In QEMU's option lists a comma is written twice.
    private static string Escaped(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    private static void Check(MachineDefinition machine)
    {
        Require(machine.Cpus is { Sockets: > 0, Cores: > 0, Threads: > 0 }, $"{machine.Cpus} has no vCPU");
        Require(machine.MemoryBytes >= 1 << 20, $"{machine.MemoryBytes} bytes of memory");
        Require(machine.MachineType.Length > 0 && machine.CpuModel.Length > 0, "machine type or CPU model is empty");
        Require(machine.KernelBoot?.Arguments.Contains(PlaceholderStart, StringComparison.Ordinal) is not true, $"kernel arguments contain {PlaceholderStart}");
        DiskArguments.Check(machine.Disks);
        foreach (var card in machine.Cards)
            Check(card);
        Require(machine.Cards.DistinctBy(card => card.Slot).Count() == machine.Cards.Count, "two network cards are in one slot");
        Require(machine.Cards.DistinctBy(card => card.Id).Count() == machine.Cards.Count, "two network cards have one id");
    }

    private static void Check(NetworkCard card)
    {
        Require(card.Id.Length > 0 && card.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'), $"network card id \"{card.Id}\"");
        Require(card.Slot is >= 0 and < Slots, $"network card {card.Id} is in slot {card.Slot} of {Slots}");
        Require(card.Mac.GetAddressBytes().Length == 6, $"network card {card.Id} has no Ethernet address");
        Require(card.Model is "virtio" or "e1000" or "e1000e" or "rtl8139", $"network card {card.Id} has the unknown model \"{card.Model}\"");
        Require(card.TapFiles.Count > 0, $"network card {card.Id} has no tap");
        Require(card.Model == "virtio" || card.TapFiles.Count == 1, $"network card {card.Id}: {card.Model} has one queue only");
    }

    internal static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new ArgumentException($"no machine can be started: {otherwise}");
    }
}
