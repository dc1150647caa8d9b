using System.Text;
using Migration.Testing;

namespace Migration.Qemu.Tests;

/// <summary>Disks as real guests and real firmware find them.</summary>
[Collection(RealQemu.Collection)]
public sealed class DiskTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("mt-disks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Guest_finds_every_kind_of_disk_with_its_content()
    {
        var iso = WriteFile("cloud.iso", IsoImage.Create("cidata", new Dictionary<string, byte[]>
        {
            ["user-data"] = "#cloud-config of mine"u8.ToArray(),
            ["meta-data"] = "{}"u8.ToArray(),
            ["openstack/latest/a name with Capitals and ümlaut.json"] = "deep"u8.ToArray(),
        }));
        var overlay = Path.Combine(_folder, "over.qcow2");
        await File.WriteAllBytesAsync(overlay, QcowOverlay.Create(Raw("below", 4 << 20), new DiskImage(DiskFormat.Raw, 4 << 20)), Ct);
        Disk[] disks =
        [
            new() { Id = "first", Bus = DiskBus.Virtio, Path = Raw("one", 2 << 20), Serial = "SN-1", Cache = DiskCache.None },
            new() { Id = "second", Bus = DiskBus.Virtio, Path = iso, ReadOnly = true },
            new() { Id = "third", Bus = DiskBus.Scsi, Path = overlay, Format = DiskFormat.Qcow2, Serial = "SN-3" },
            new() { Id = "fourth", Bus = DiskBus.Scsi, Path = Raw("four", 1 << 20), LogicalBlockSize = 4096, PhysicalBlockSize = 4096, ReadOnly = true, ErrorPolicy = "report" },
            new() { Id = "fifth", Bus = DiskBus.Scsi, Path = iso, IsCdrom = true },
        ];
        await using var qemu = await QemuUnderTest.CreateAsync(
            machine => machine with { Disks = disks, KernelBoot = machine.KernelBoot! with { Arguments = Guest.Arguments("disks=5") } }, Ct);

        await qemu.Session.ContinueAsync(Ct);
        var console = (await qemu.Console.WaitForAsync("GUEST-DISKS-TOLD", Ct)).ReplaceLineEndings("\n");

        Assert.Contains("GUEST-DISK vda size=2097152 serial=SN-1 ro=0 logical=512 second=one\n", console);
        Assert.Contains($"GUEST-DISK vdb size={new FileInfo(iso).Length} serial= ro=1 logical=512", console);
        Assert.Contains("GUEST-DISK sda size=4194304 serial=SN-3 ro=0 logical=512 second=below\n", console);
        Assert.Contains("GUEST-DISK sdb size=1048576 serial= ro=1 logical=4096 second=four\n", console);
        foreach (var drive in (string[])["vdb", "sr0"])
        {
            Assert.Contains($"GUEST-LABEL {drive} cidata\n", console);
            foreach (var naming in (string[])["rockridge", "joliet"])
            {
                Assert.Contains($"GUEST-FILE {drive} {naming} /user-data: #cloud-config of mine\n", console);
                Assert.Contains($"GUEST-FILE {drive} {naming} /meta-data: {{}}\n", console);
            }

            Assert.Contains($"GUEST-FILE {drive} rockridge /openstack/latest/a name with Capitals and ümlaut.json: deep\n", console);
        }
    }

    [Fact]
    public async Task Firmware_boots_the_disk_that_is_first_in_order_and_reads_every_bus()
    {
        Disk[] disks =
        [
            new() { Id = "virtio", Bus = DiskBus.Virtio, Path = Raw("on-virtio", 1 << 20) },
            new() { Id = "scsi", Bus = DiskBus.Scsi, Path = Raw("on-scsi", 1 << 20) },
            new() { Id = "usb", Bus = DiskBus.Usb, Path = Raw("on-usb", 1 << 20), BootIndex = 2 },
            new() { Id = "boots", Bus = DiskBus.Sata, Path = Bootable("on-sata"), BootIndex = 1 },
            new() { Id = "cd", Bus = DiskBus.Sata, Path = Raw("cd", 1 << 20), IsCdrom = true },
            new() { Id = "usb-cd", Bus = DiskBus.Usb, Path = Raw("cd", 1 << 20), IsCdrom = true },
        ];
        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine with { Disks = disks, KernelBoot = null }, Ct);

        await qemu.Session.ContinueAsync(Ct);
        var console = await qemu.Console.WaitForAsync("DISK-DONE", Ct);

        Assert.Contains("DISK-BOOTED 80", console);
        Assert.Contains("DISK-SEEN 80 on-sata", console);
        foreach (var other in (string[])["on-virtio", "on-scsi", "on-usb"])
            Assert.Contains($" {other}", console);
    }

    [Theory]
    [InlineData(DiskBus.Sata, 18)]
    [InlineData(DiskBus.Usb, 15)]
    [InlineData(DiskBus.Virtio, 64)]
    [InlineData(DiskBus.Scsi, 128)]
    public async Task Qemu_takes_as_many_disks_as_a_bus_may_have(DiskBus bus, int count)
    {
        var path = Raw("same", 1 << 20);
        var disks = Enumerable.Range(0, count).Select(i => new Disk { Id = $"d{i}", Bus = bus, Path = path, ReadOnly = bus is not DiskBus.Sata, IsCdrom = bus is DiskBus.Sata });

        await using var qemu = await QemuUnderTest.CreateAsync(machine => machine with { Disks = [.. disks] }, Ct);

        Assert.Equal(RunState.Prelaunch, await qemu.StateAsync(Ct));
    }

    private string Raw(string text, int size)
    {
        var content = new byte[size];
        Encoding.ASCII.GetBytes(text, content.AsSpan(512));
        return WriteFile($"{text}.img", content);
    }

    private string Bootable(string text)
    {
        var content = File.ReadAllBytes(Guest.BootableDisk);
        content.AsSpan(512, 16).Clear();
        Encoding.ASCII.GetBytes(text, content.AsSpan(512));
        return WriteFile($"{text}.img", content);
    }

    private string WriteFile(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
