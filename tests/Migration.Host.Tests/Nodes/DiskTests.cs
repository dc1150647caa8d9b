using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>Disks on the whole path: node, launcher, QEMU, guest.</summary>
public sealed class DiskTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("mt-volumes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Guest_that_writes_takes_its_shared_disk_along()
    {
        await using var lab = await NodeLab.StartAsync();
        var (claim, files) = (Volume(lab, "claim"), Volume(lab, "files"));
        await File.WriteAllTextAsync(Path.Combine(files, "colour"), "blue", Ct);
        var guest = await LabGuest.StartAsync(lab.A, "disks=2 disk=/dev/vda", plan => plan.Disks.AddRange(
        [
            new Disk { Name = "claim", Bus = DiskBus.Virtio, File = new() { Volume = "claim", Path = "disk.img", Capacity = 4 << 20, Shared = true } },
            new Disk { Name = "files", Bus = DiskBus.Scsi, Device = DiskDevice.Cdrom, Generated = new() { Label = "cfgdata", Volume = "files" } },
        ]));
        await guest.Pod.Guest.WaitForAsync("GUEST-FILE sr0 rockridge /colour: blue", Ct);
        await guest.Pod.Guest.WaitForAsync("DISK-WRITTEN 32", Ct);

        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        await move.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        await move.TargetPod.Guest.WaitForAsync("DISK-WRITTEN", Ct);
        var target = await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running);
        await lab.B.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = move.TargetPod.Uid, GracePeriod = new() });
        await move.TargetPod.Launcher.WaitForExitAsync(LabNode.Limit);

        Assert.DoesNotContain("CORRUPT", move.TargetPod.Guest.Console);
        Assert.DoesNotContain("GUEST-ERROR", move.TargetPod.Guest.Console);
        Assert.Equal(64, target.Disks.Single(disk => disk.Name == "files").Digest.Length);
        Assert.Equal(await DigestAsync(guest.Pod), await DigestAsync(move.TargetPod));

        // What both nodes wrote is there for the next guest.
        var next = await LabGuest.StartAsync(lab.A, "disk=/dev/vda", plan => plan.Disks.Add(
            new Disk { Name = "claim", Bus = DiskBus.Virtio, File = new() { Volume = "claim", Path = "disk.img", Shared = true } }));
        var found = await next.Pod.Guest.WaitForAsync("GUEST-DISK-FOUND ", Ct);
        await next.Pod.Guest.WaitForAsync("DISK-WRITTEN", Ct);
        Assert.DoesNotContain("CORRUPT", next.Pod.Guest.Console);
        Assert.Equal(4 << 20, new FileInfo(Path.Combine(claim, "disk.img")).Length);
        Assert.DoesNotMatch(@"GUEST-DISK-FOUND ([0-9]|[12][0-9]|3[01])\r?\n", found);
    }

    [Fact]
    public async Task Disk_of_an_image_is_written_beside_it()
    {
        await using var lab = await NodeLab.StartAsync();
        var image = Volume(lab, "image");
        var before = new byte[2 << 20];
        before.AsSpan(1 << 20).Fill(7);
        await File.WriteAllBytesAsync(Path.Combine(image, "disk.img"), before, Ct);

        var guest = await LabGuest.StartAsync(lab.A, "disk=/dev/vda", plan => plan.Disks.AddRange(
        [
            new Disk { Name = "image", Bus = DiskBus.Virtio, Overlay = new() { Volume = "image", Path = "disk.img" } },
            new Disk { Name = "empty", Bus = DiskBus.Sata, Blank = new() { Capacity = 1 << 20 } },
        ]));
        await guest.Pod.Guest.WaitForAsync("DISK-WRITTEN 32", Ct);
        await lab.A.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = guest.Pod.Uid, GracePeriod = new() });
        await guest.Pod.Launcher.WaitForExitAsync(LabNode.Limit);

        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(image, "disk.img"), Ct));
        // Out here, what lies below is elsewhere.
        var overlay = $"driver=qcow2,file.driver=file,file.filename={Path.Combine(guest.Pod.Disks, "image.qcow2")},backing.driver=raw,backing.file.driver=file,backing.file.filename={Path.Combine(image, "disk.img")}";
        Assert.Equal("", await Shell.RunAsync("qemu-img", "check", "-q", "--image-opts", overlay));
    }

    [Theory]
    [InlineData("no UEFI firmware", Firmware.Uefi)]
    [InlineData("image.qcow2: Could not find", Firmware.Unspecified)]
    public async Task Machine_whose_files_are_missing_fails_with_the_reason(string reason, Firmware firmware)
    {
        await using var lab = await NodeLab.StartAsync();
        if (firmware is Firmware.Uefi && Directory.Exists("/usr/share/OVMF"))
            return;
        var pod = await lab.A.CreatePodAsync("guest");
        var plan = pod.Plan(Guid.NewGuid().ToString());
        plan.Firmware = firmware;
        plan.Disks.Add(new Disk { Name = "image", Bus = DiskBus.Virtio, Overlay = new() { Volume = "image", Path = "disk.img" } });
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan }, deadline: LabNode.Soon());
        await pod.AttachAsync();
        pod.StartLauncher();

        var failed = await lab.A.WaitForMachineAsync(pod.Uid, MachinePhase.Failed);

        Assert.Contains(reason, failed.Reason);
    }

    private static async Task<string> DigestAsync(LabPod pod) => (await Shell.RunAsync("sha256sum", Path.Combine(pod.Disks, "files.iso"))).Split(' ')[0];

    private string Volume(NodeLab lab, string name)
    {
        var path = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        lab.A.Volumes[name] = lab.B.Volumes[name] = path;
        return path;
    }
}
