using System.Net.NetworkInformation;

namespace Migration.Qemu.Tests;

public sealed class QemuCommandLineTests
{
    private static readonly MachineDefinition Plain = new()
    {
        Name = "default_vm",
        Uuid = Guid.Parse("6e8e9a5c-1f43-4a3b-9d2b-5a1f0e7c1d11"),
        Cpus = new(1, 2, 1),
        MemoryBytes = 512 << 20,
        MachineType = "pc-q35-7.2",
        CpuModel = "qemu64",
        Accelerator = Accelerator.Tcg,
        KernelBoot = new("/boot/vmlinuz", "/boot/initrd.gz", "console=ttyS0 quiet"),
        Cards = [new() { Id = "default", Slot = 0, Mac = PhysicalAddress.Parse("02-AB-00-00-00-01"), TapFiles = ["tap0"] }],
        QmpPath = "/run/migration-launcher/qmp.sock",
    };

    [Fact]
    public void Whole_command_line_is_as_reviewed()
    {
        var expected = """
            -nodefaults -no-user-config -display none -S -msg timestamp=on
            -name guest=default_vm,debug-threads=on -uuid 6e8e9a5c-1f43-4a3b-9d2b-5a1f0e7c1d11
            -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
            -machine pc-q35-7.2,usb=off,vmport=off,dump-guest-core=off -accel tcg -cpu qemu64
            -smp 2,sockets=1,cores=2,threads=1 -m size=536862720B -rtc base=utc
            -kernel /boot/vmlinuz -initrd /boot/initrd.gz -append console=ttyS0 quiet
            -chardev socket,id=monitor,path=/run/migration-launcher/qmp.sock,server=on,wait=off -mon chardev=monitor,mode=control
            -chardev stdio,id=console,signal=off -serial chardev:console
            -device pcie-root-port,id=port0,bus=pcie.0,chassis=1,addr=0x2.0x0,multifunction=on
            -device pcie-root-port,id=port1,bus=pcie.0,chassis=2,addr=0x2.0x1
            -device pcie-root-port,id=port2,bus=pcie.0,chassis=3,addr=0x2.0x2
            -device pcie-root-port,id=port3,bus=pcie.0,chassis=4,addr=0x2.0x3
            -device pcie-root-port,id=port4,bus=pcie.0,chassis=5,addr=0x2.0x4
            -device pcie-root-port,id=port5,bus=pcie.0,chassis=6,addr=0x2.0x5
            -device pcie-root-port,id=port6,bus=pcie.0,chassis=7,addr=0x2.0x6
            -device pcie-root-port,id=port7,bus=pcie.0,chassis=8,addr=0x2.0x7
            -netdev tap,id=net-default,fds={fd:tap0},vhost=off
            -device virtio-net-pci,id=nic-default,netdev=net-default,mac=02:ab:00:00:00:01,bus=port0,addr=0x0,rombar=0,romfile=
            -device virtio-balloon-pci,id=balloon,bus=pcie.0,addr=0x5
            -object rng-random,id=entropy,filename=/dev/urandom -device virtio-rng-pci,id=rng,rng=entropy,bus=pcie.0,addr=0x6
            """;

        Assert.Equal(expected.ReplaceLineEndings(" "), string.Join(' ', QemuCommandLine.Arguments(Plain)));
    }

    [Fact]
    public void Incoming_machine_differs_by_waiting_alone()
    {
        var arriving = QemuCommandLine.Arguments(Plain with { Incoming = true });

        Assert.Equal([.. QemuCommandLine.Arguments(Plain), "-incoming", "defer"], arriving);
    }

    [Fact]
    public void Card_keeps_its_place_when_others_come_and_go()
    {
        var second = new NetworkCard { Id = "second", Slot = 3, Mac = PhysicalAddress.Parse("02-00-00-00-00-02"), TapFiles = ["a", "b"], Mtu = 1400 };

        var alone = QemuCommandLine.Arguments(Plain with { Cards = [second] });
        var both = QemuCommandLine.Arguments(Plain with { Cards = [.. Plain.Cards, second] });

        var device = "virtio-net-pci,id=nic-second,netdev=net-second,mac=02:00:00:00:00:02,bus=port3,addr=0x0,rombar=0,romfile=,host_mtu=1400,mq=on,vectors=6";
        Assert.Contains(device, alone);
        Assert.Contains(device, both);
        Assert.Contains("tap,id=net-second,fds={fd:a}:{fd:b},vhost=off", both);
    }

    [Theory]
    [InlineData(Accelerator.Tcg, 512L << 20, "size=536862720B")]
    [InlineData(Accelerator.Tcg, (512L << 20) - 8192, "size=536862720B")]
    [InlineData(Accelerator.Tcg, (512L << 20) + 65536, "size=536936448B")]
    [InlineData(Accelerator.Kvm, 512L << 20, "size=536870912B")]
    public void Emulated_guest_has_no_memory_whose_writes_get_lost(Accelerator accelerator, long bytes, string expected)
    {
        var arguments = QemuCommandLine.Arguments(Plain with { Accelerator = accelerator, MemoryBytes = bytes });

        Assert.Contains(expected, arguments);
    }

    [Fact]
    public void Commas_in_values_do_not_start_new_options()
    {
        var arguments = QemuCommandLine.Arguments(Plain with { Name = "a,b", QmpPath = "/tmp/x,server=off", CpuModel = "qemu64,+x2apic" });

        Assert.Contains("guest=a,,b,debug-threads=on", arguments);
        Assert.Contains("socket,id=monitor,path=/tmp/x,,server=off,server=on,wait=off", arguments);
        Assert.Equal("/tmp/x,server=off", QemuCommandLine.MonitorPath(arguments));
        // A CPU model is a list of features.
        Assert.Contains("qemu64,+x2apic", arguments);
    }

    [Fact]
    public void Other_models_have_one_queue_and_no_virtio_properties()
    {
        var card = Plain.Cards[0] with { Model = "e1000e", Mtu = 1400 };

        var arguments = QemuCommandLine.Arguments(Plain with { Cards = [card] });

        Assert.Contains("e1000e,id=nic-default,netdev=net-default,mac=02:ab:00:00:00:01,bus=port0,addr=0x0,rombar=0,romfile=", arguments);
    }

    [Fact]
    public void Disks_have_places_that_follow_from_their_order_alone()
    {
        Disk[] disks =
        [
            new() { Id = "a", Bus = DiskBus.Virtio, Path = "/a", Serial = "S1", BootIndex = 1, Cache = DiskCache.None, NativeIo = true },
            new() { Id = "b", Bus = DiskBus.Scsi, Path = "/b", Format = DiskFormat.Qcow2, Shareable = true, ErrorPolicy = "enospace" },
            new() { Id = "c", Bus = DiskBus.Virtio, Path = "/c", Format = DiskFormat.BlockDevice, Cache = DiskCache.WriteThrough, LogicalBlockSize = 512, PhysicalBlockSize = 4096 },
            new() { Id = "d", Bus = DiskBus.Usb, Path = "/d", IsCdrom = true },
        ];
        const string cached = "\"cache\":{\"direct\":false,\"no-flush\":false}";

        var arguments = QemuCommandLine.Arguments(Plain with { Disks = disks });

        Assert.Equal(
            [
                "-device", "virtio-scsi-pci,id=scsi,bus=pcie.0,addr=0x7",
                "-device", "qemu-xhci,id=usb,p2=15,p3=15,bus=pcie.0,addr=0x8",
                "-blockdev", """{"driver":"raw","node-name":"disk0","read-only":false,"discard":"unmap","cache":{"direct":true,"no-flush":false},"file":{"driver":"file","filename":"/a","aio":"native","locking":"auto","discard":"unmap","cache":{"direct":true,"no-flush":false}}}""",
                "-device", "virtio-blk-pci,bus=pcie.0,addr=0x9.0x0,multifunction=on,id=disk-a,drive=disk0,share-rw=off,write-cache=on,serial=S1,bootindex=1,rerror=stop,werror=stop",
                "-blockdev", $$$"""{"driver":"qcow2","node-name":"disk1","read-only":false,"discard":"unmap",{{{cached}}},"file":{"driver":"file","filename":"/b","aio":"threads","locking":"off","discard":"unmap",{{{cached}}}}}""",
                "-device", "scsi-hd,bus=scsi.0,channel=0,scsi-id=0,lun=0,id=disk-b,drive=disk1,share-rw=on,write-cache=on,rerror=report,werror=enospc",
                "-blockdev", $$$"""{"driver":"raw","node-name":"disk2","read-only":false,"discard":"unmap",{{{cached}}},"file":{"driver":"host_device","filename":"/c","aio":"threads","locking":"auto","discard":"unmap",{{{cached}}}}}""",
                "-device", "virtio-blk-pci,bus=pcie.0,addr=0x9.0x1,id=disk-c,drive=disk2,share-rw=off,write-cache=off,logical_block_size=512,physical_block_size=4096,rerror=stop,werror=stop",
                "-blockdev", $$$"""{"driver":"raw","node-name":"disk3","read-only":true,"discard":"unmap",{{{cached}}},"file":{"driver":"file","filename":"/d","aio":"threads","locking":"auto","discard":"unmap",{{{cached}}}}}""",
                "-device", "usb-bot,id=disk-d-bridge,bus=usb.0,port=1",
                "-device", "scsi-cd,bus=disk-d-bridge.0,lun=0,id=disk-d,drive=disk3,share-rw=off",
            ],
            arguments.Skip(QemuCommandLine.Arguments(Plain).Count));
    }

    [Fact]
    public void Firmware_lies_in_the_boards_flash_memory()
    {
        var arguments = QemuCommandLine.Arguments(Plain with { Firmware = new("/code.fd", "/variables.fd", SecureBoot: true) });

        Assert.Contains("pc-q35-7.2,usb=off,vmport=off,dump-guest-core=off,pflash0=firmware,pflash1=variables,smm=on", arguments);
        Assert.Contains("node-name=firmware,driver=raw,read-only=on,file.driver=file,file.filename=/code.fd", arguments);
        Assert.Contains("node-name=variables,driver=raw,file.driver=file,file.filename=/variables.fd", arguments);
    }

    [Fact]
    public void Arguments_made_elsewhere_have_no_known_monitor() => Assert.Null(QemuCommandLine.MonitorPath(["-qmp", "unix:/x,server"]));

    public static TheoryData<string, MachineDefinition> Impossible()
    {
        var card = Plain.Cards[0];
        var disk = new Disk { Id = "d", Bus = DiskBus.Virtio, Path = "/d" };
        return new()
        {
            { "two disks have one id", Plain with { Disks = [disk, disk] } },
            { "disk id \"a,b\"", Plain with { Disks = [disk with { Id = "a,b" }] } },
            { "disk d: \"x\" is not an absolute path", Plain with { Disks = [disk with { Path = "x" }] } },
            { "disk d: its path contains {fd:", Plain with { Disks = [disk with { Path = "/{fd:tap0}" }] } },
            { "disk d has the serial number \"1,x=y\"", Plain with { Disks = [disk with { Serial = "1,x=y" }] } },
            { "disk d: no CD-ROM drive has bus virtio", Plain with { Disks = [disk with { IsCdrom = true }] } },
            { "disk d: native input and output goes without cache only", Plain with { Disks = [disk with { NativeIo = true }] } },
            { "disk d has the error policy \"x,y=z\"", Plain with { Disks = [disk with { ErrorPolicy = "x,y=z" }] } },
            { "more than 15 disks are on bus usb", Plain with { Disks = [.. Enumerable.Range(0, 16).Select(i => disk with { Id = $"{i}", Bus = DiskBus.Usb })] } },
            { "has no vCPU", Plain with { Cpus = new(1, 0, 1) } },
            { "0 bytes of memory", Plain with { MemoryBytes = 0 } },
            { "machine type or CPU model is empty", Plain with { MachineType = "" } },
            { "kernel arguments contain {fd:", Plain with { KernelBoot = new("/k", null, "x={fd:tap0}") } },
            { "network card default is in slot 8 of 8", Plain with { Cards = [card with { Slot = 8 }] } },
            { "network card default has no tap", Plain with { Cards = [card with { TapFiles = [] }] } },
            { "network card default has no Ethernet address", Plain with { Cards = [card with { Mac = PhysicalAddress.None }] } },
            { "network card default has the unknown model \"ne2k_pci,x=y\"", Plain with { Cards = [card with { Model = "ne2k_pci,x=y" }] } },
            { "network card default: e1000 has one queue only", Plain with { Cards = [card with { Model = "e1000", TapFiles = ["a", "b"] }] } },
            { "network card id \"a,b\"", Plain with { Cards = [card with { Id = "a,b" }] } },
            { "two network cards are in one slot", Plain with { Cards = [card, card with { Id = "other" }] } },
            { "two network cards have one id", Plain with { Cards = [card, card with { Slot = 1 }] } },
        };
    }

    [Theory]
    [MemberData(nameof(Impossible), DisableDiscoveryEnumeration = true)]
    public void Impossible_machine_is_refused_and_the_part_named(string reason, MachineDefinition machine)
    {
        var refused = Assert.Throws<ArgumentException>(() => QemuCommandLine.Arguments(machine));

        Assert.EndsWith(reason, refused.Message);
    }
}
