using Migration.Node.Machines;
using Migration.Node.Migrations;
using Migration.Node.Networks;
using Wire = Migration.Protos;

namespace Migration.Node.Tests.Machines;

public sealed class MappingTests
{
    private static Wire.MachinePlan Plan() => new()
    {
        Id = "m",
        Pod = new() { Namespace = "ns", Name = "pod", Uid = "uid" },
        InstanceName = "vm",
        FirmwareUuid = "2d2c1b6e-5c1b-4a4f-9d7a-6a3b1f0c9e11",
        MemoryBytes = 512UL << 20,
        Sockets = 1,
        Cores = 2,
        Threads = 1,
        Accelerator = Wire.Accelerator.Tcg,
        KernelBoot = new() { Volume = "kernel-boot", KernelPath = "/boot/vmlinuz", InitrdPath = "/boot/initrd.gz", KernelArguments = "quiet" },
        Interfaces =
        {
            new Wire.Interface
            {
                Name = "default", PodInterface = "eth0", Binding = Wire.Binding.Bridge, Queues = 1,
                Lease = new() { Mac = "02:00:00:00:00:01", Addresses = { "10.0.0.5/24" }, Gateway = "10.0.0.1", Mtu = 1450, ValidFor = new() { Seconds = 60 }, Routes = { new Wire.Route { Destination = "10.9.0.0/16", Gateway = "10.0.0.2" } } },
                LinkState = Wire.LinkState.Down,
                Ports = { new Wire.Port { Protocol = "udp", First = 53, Last = 60 } },
                GuestNetworks = { "10.5.0.0/24" },
                DhcpOptions = new() { BootFileName = "boot", TftpServerName = "tftp", NtpServers = { "10.0.0.9" }, PrivateOptions = { [240] = "x" } },
                Delegate = new() { Name = "ns/net", Configuration = "{}", Mac = "02:00:00:00:00:02", Addresses = { "10.6.0.2/24" }, DefaultRoute = { "10.6.0.1" }, CniArgs = "{}" },
            },
        },
        Firmware = Wire.Firmware.Uefi,
        Disks =
        {
            new Wire.Disk
            {
                Name = "claimed", Bus = Wire.DiskBus.Virtio, Device = Wire.DiskDevice.Disk, BootOrder = 1, Serial = "S", Cache = "none", Io = "native", LogicalBlockSize = 512,
                PhysicalBlockSize = 4096, DiscardGranularity = 0, Shareable = true, ErrorPolicy = "report", File = new() { Volume = "claimed", Path = "disk.img", Capacity = 1 << 20, Shared = true },
            },
            new Wire.Disk { Name = "block", Bus = Wire.DiskBus.Scsi, Device = Wire.DiskDevice.Disk, Block = new() { Volume = "block", Shared = true } },
            new Wire.Disk { Name = "image", Bus = Wire.DiskBus.Usb, Device = Wire.DiskDevice.Disk, ReadOnly = true, Overlay = new() { Volume = "image", Path = "/disk" } },
            new Wire.Disk
            {
                Name = "cloud", Bus = Wire.DiskBus.Sata, Device = Wire.DiskDevice.Cdrom,
                Generated = new()
                {
                    Label = "cidata", Volume = "all", Digest = "d",
                    Files = { new Wire.GeneratedFile { Path = "user-data", Volume = "v", Candidates = { "a", "b" } }, new Wire.GeneratedFile { Path = "meta-data", Content = Google.Protobuf.ByteString.CopyFromUtf8("x") } },
                },
            },
        },
        TerminationGracePeriod = new() { Seconds = 5 },
        Incoming = true,
    };

    [Fact]
    public void Plan_comes_back_as_it_was_pushed() => Assert.Equal(Plan(), MachineMapping.ToWire(MachineMapping.ToPlan(Plan())));

    public static TheoryData<string, Action<Wire.MachinePlan>> Malformed() => new()
    {
        { "plan.id", plan => plan.Id = "" },
        { "plan.id", plan => plan.Id = "../../etc" },
        { "plan.pod", plan => plan.Pod = null },
        { "plan.memory_bytes", plan => plan.MemoryBytes = 5 },
        { "plan.firmware_uuid", plan => plan.FirmwareUuid = "x" },
        { "interface.name", plan => plan.Interfaces[0].Name = "" },
        { "interface default: mac", plan => plan.Interfaces[0].Mac = "zz" },
        { "interface default: 65 queues", plan => plan.Interfaces[0].Queues = 65 },
        { "lease.mac", plan => plan.Interfaces[0].Lease.Mac = "" },
        { "lease.addresses", plan => plan.Interfaces[0].Lease.Addresses[0] = "10.0.0.5" },
        { "lease: 'gw'", plan => plan.Interfaces[0].Lease.Gateway = "gw" },
        { "lease.routes", plan => plan.Interfaces[0].Lease.Routes[0].Destination = "10.0.0.0/33" },
        { "interface default: port protocol 'icmp'", plan => plan.Interfaces[0].Ports[0].Protocol = "icmp" },
        { "interface default: 0-0 are not ports", plan => plan.Interfaces[0].Ports[0] = new Wire.Port() },
        { "interface default: 53-52 are not ports", plan => plan.Interfaces[0].Ports[0].Last = 52 },
        { "interface default: 53-65536 are not ports", plan => plan.Interfaces[0].Ports[0].Last = 65536 },
        { "interface default: guest network 'x'", plan => plan.Interfaces[0].GuestNetworks[0] = "x" },
        { "interface default: DHCP option 6", plan => plan.Interfaces[0].DhcpOptions.PrivateOptions[6] = "" },
        { "interface default: NTP server 'pool'", plan => plan.Interfaces[0].DhcpOptions.NtpServers[0] = "pool" },
        { "interface default: delegate.name", plan => plan.Interfaces[0].Delegate.Name = "" },
        { "interface default: delegate.mac", plan => plan.Interfaces[0].Delegate.Mac = "zz" },
        { "plan.interfaces: two", plan => plan.Interfaces.Add(new Wire.Interface { Name = "other", PodInterface = "eth0" }) },
        { "plan.interfaces: two are named default", plan => plan.Interfaces.Add(new Wire.Interface { Name = "default", PodInterface = "net1" }) },
        { "plan.interfaces: two are in slot 3", plan => { plan.Interfaces[0].Slot = 3; plan.Interfaces.Add(new Wire.Interface { Name = "other", PodInterface = "net1", Slot = 3 }); } },
        { "disk.name is missing", plan => plan.Disks[0].Name = "" },
        { "disk claimed: bus 0", plan => plan.Disks[0].Bus = Wire.DiskBus.Unspecified },
        { "disk claimed: '../x' is not the name of a volume", plan => plan.Disks[0].File.Volume = "../x" },
        { "disk claimed: cache 'all'", plan => plan.Disks[0].Cache = "all" },
        { "plan.disks: two are named block", plan => plan.Disks[0].Name = "block" },
        { "disk claimed: it is on the node that the guest comes from", plan => plan.Disks[0].File.Shared = false },
        { "disk block: it is on the node that the guest comes from", plan => plan.Disks[1].Block.Shared = false },
        { "disk image: it is on the node that the guest comes from", plan => plan.Disks[2].ReadOnly = false },
        { "disk cloud: it is on the node that the guest comes from", plan => { plan.Disks[3].Device = Wire.DiskDevice.Disk; plan.Disks[3].Blank = new() { Capacity = 1 }; } },
        { "interface default: slot 8", plan => plan.Interfaces[0].Slot = 8 },
        { "plan.interfaces: 9", plan => plan.Interfaces.Add(Enumerable.Range(1, 8).Select(number => new Wire.Interface { Name = $"nic{number}", PodInterface = $"net{number}" })) },
    };

    [Theory]
    [MemberData(nameof(Malformed), DisableDiscoveryEnumeration = true)]
    public void Malformed_plan_is_refused_naming_the_field(string field, Action<Wire.MachinePlan> spoil)
    {
        var plan = Plan();
        spoil(plan);
        var refused = Assert.Throws<RefusedException>(() => MachineMapping.ToPlan(plan));
        Assert.Equal(Refusal.Malformed, refused.Refusal);
        Assert.StartsWith(field, refused.Message);
    }

    [Theory]
    [InlineData("nowhere", "10.0.0.1:1", "data_endpoint")]
    [InlineData("10.0.0.1:1", "b:1", "control_endpoint")]
    public void Malformed_endpoint_is_refused_naming_the_field(string data, string control, string field)
    {
        var request = new Wire.StartOutgoingRequest { MigrationId = "m", MachineId = "x", TargetNode = "b", DataEndpoint = data, ControlEndpoint = control, Token = Google.Protobuf.ByteString.CopyFrom(1) };
        Assert.StartsWith(field, Assert.Throws<RefusedException>(() => MigrationMapping.ToRecord(request, DateTimeOffset.UnixEpoch)).Message);
    }

    [Fact]
    public void Every_value_of_our_enums_is_the_contracts()
    {
        Same<MachinePhase, Wire.MachinePhase>();
        Same<MigrationPhase, Wire.MigrationPhase>();
        Same<Verdict, Wire.Outcome>();
        Same<BindingKind, Wire.Binding>();
        Assert.Equal((int)Accelerator.Kvm, (int)Wire.Accelerator.Kvm);
        Assert.Equal((int)Accelerator.Tcg, (int)Wire.Accelerator.Tcg);
    }

    private static void Same<TOurs, TWire>()
        where TOurs : struct, Enum
        where TWire : struct, Enum =>
        Assert.Equal(
            Enum.GetValues<TWire>().Where(value => Convert.ToInt32(value) != 0).Select(value => (Convert.ToInt32(value), value.ToString())),
            Enum.GetValues<TOurs>().Select(value => (Convert.ToInt32(value), value.ToString())));
}
