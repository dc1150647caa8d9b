using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Controllers.Instances;
using Migration.Controllers.Networks;
using Migration.Kubernetes;
using Migration.Protos;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>From an instance's volumes to its pod and to what its node is told.</summary>
public sealed class DiskTests
{
    private const string All = """
        {"name":"image","containerDisk":{"image":"i","imagePullSecret":"s"}},
        {"name":"claim","persistentVolumeClaim":{"claimName":"files"}},
        {"name":"device","persistentVolumeClaim":{"claimName":"raw"}},
        {"name":"below","ephemeral":{"persistentVolumeClaim":{"claimName":"files"}}},
        {"name":"host","hostDisk":{"path":"/data/x.img","type":"DiskOrCreate","capacity":"1Mi"}},
        {"name":"empty","emptyDisk":{"capacity":"1M"}},
        {"name":"cloud","cloudInitNoCloud":{"secretRef":{"name":"init"},"networkData":"net"}},
        {"name":"map","configMap":{"name":"m"}}
        """;

    private static readonly InstanceClaims Claims = InstanceClaims.Of(new VirtualMachineInstanceStatus
    {
        VolumeStatus =
        [
            new VolumeObservation { PersistentVolumeClaimInfo = Claim("files", "Filesystem", "ReadWriteMany") },
            new VolumeObservation { PersistentVolumeClaimInfo = Claim("raw", "Block", "ReadWriteOnce") },
        ],
    });

    [Fact]
    public void Pod_has_a_volume_for_each_and_room_for_what_is_made()
    {
        var pod = Launchers.First(With(All), Claims).Spec!;

        Assert.Equal(
            ["sockets", "ephemeral-disks", "image", "claim", "device", "below", "host", "cloud-udata", "map"],
            pod.Volumes!.Select(volume => volume.Name));
        var compute = pod.Containers![0];
        Assert.Equal(("device", "/run/migration-volumes/device"), (compute.VolumeDevices![0].Name, compute.VolumeDevices[0].DevicePath));
        Assert.Equal(
            ["/run/migration-launcher", "/run/migration-disks", "/run/migration-volumes/image", "/run/migration-volumes/claim", "/run/migration-volumes/below",
                "/run/migration-volumes/host", "/run/migration-volumes/cloud-udata", "/run/migration-volumes/map"],
            compute.VolumeMounts!.Select(mount => mount.MountPath));
        Assert.Equal(["image", "below", "cloud-udata", "map"], compute.VolumeMounts!.Where(mount => mount.ReadOnly == true).Select(mount => mount.Name));
        Assert.Equal(("/data", "DirectoryOrCreate"), (pod.Volumes![6].HostPath!.Path, pod.Volumes[6].HostPath!.Type));
        Assert.Equal("s", Assert.Single(pod.ImagePullSecrets!).Name);
    }

    [Fact]
    public void Plan_says_where_each_disk_comes_from()
    {
        var disks = MachinePlans.Starting(With(All), Pod("pod", "a"), ResolvedNetworks.None, Claims).Disks;

        Assert.Equal(["image", "claim", "device", "below", "host", "empty", "cloud", "map"], disks.Select(disk => disk.Name));
        Assert.Equal(new OverlayDisk { Volume = "image", Path = "/disk" }, disks[0].Overlay);
        Assert.Equal(new FileDisk { Volume = "claim", Path = "disk.img", Capacity = 16 << 20, Shared = true }, disks[1].File);
        Assert.Equal(new BlockDisk { Volume = "device" }, disks[2].Block);
        Assert.Equal(new OverlayDisk { Volume = "below", Path = "disk.img" }, disks[3].Overlay);
        Assert.Equal(new FileDisk { Volume = "host", Path = "x.img", Capacity = 1 << 20 }, disks[4].File);
        Assert.Equal(new BlankDisk { Capacity = 999936 }, disks[5].Blank);
        Assert.Equal(new GeneratedDisk { Label = "cfgdata", Volume = "map" }, disks[7].Generated);
        var cloud = disks[6].Generated;
        Assert.Equal("cidata", cloud.Label);
        Assert.Equal(["meta-data", "user-data", "network-config"], cloud.Files.Select(file => file.Path));
        Assert.Equal("""{"instance-id":"vm.default","local-hostname":"vm"}""", cloud.Files[0].Content.ToStringUtf8());
        Assert.Equal(("cloud-udata", "userdata"), (cloud.Files[1].Volume, cloud.Files[1].Candidates[0]));
        Assert.Equal("net", cloud.Files[2].Content.ToStringUtf8());
    }

    [Theory]
    [InlineData("""{"name":"v","persistentVolumeClaim":{"claimName":"files"}}""", null)]
    [InlineData("""{"name":"v","cloudInitNoCloud":{"userData":"u"}}""", null)]
    [InlineData("""{"name":"v","hostDisk":{"path":"/x","type":"Disk","shared":true}}""", null)]
    [InlineData("""{"name":"v","persistentVolumeClaim":{"claimName":"raw"}}""", "cannot migrate VMI: PVC raw is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)")]
    [InlineData("""{"name":"v","hostDisk":{"path":"/x","type":"Disk"}}""", "cannot migrate VMI with non-shared HostDisk")]
    [InlineData("""{"name":"v","emptyDisk":{"capacity":"1Gi"}}""", "cannot migrate VMI: what is written to volume v is kept on its node only")]
    public void Guest_can_move_when_its_disks_can(string volume, string? obstacle) => Assert.Equal(obstacle, DiskObservations.Obstacle(With(volume).CompleteSpec(), Claims));

    [Fact]
    public void Missing_claim_is_named_before_a_pod_is_made()
    {
        var step = new InstancePlan(Launchers).Next(new InstanceObservation { Instance = With("""{"name":"v","persistentVolumeClaim":{"claimName":"nowhere"}}"""), Now = Now });

        Assert.IsType<InstanceAction.Wait>(step.Action);
        var condition = step.Status.Conditions.Find(InstanceCondition.Synchronized)!;
        Assert.Equal(("FailedPvcNotFound", "PVC default/nowhere does not exist"), (condition.Reason, condition.Message));
    }

    [Fact]
    public void Targets_are_named_as_linux_counts()
    {
        var spec = With("""{"name":"a","emptyDisk":{"capacity":"1Gi"}},{"name":"b","emptyDisk":{"capacity":"1Gi"}},{"name":"c","persistentVolumeClaim":{"claimName":"files"}}""").CompleteSpec();
        spec = spec with { Domain = spec.Domain with { Devices = spec.Domain.Devices with { Disks = [.. spec.Domain.Devices.Disks!.Select(disk => disk.Name == "b" ? disk with { Target = new DiskTarget { Bus = "virtio" } } : disk)] } } };

        var volumes = DiskObservations.Of(spec, Claims, null)!;

        Assert.Equal([("a", "sda"), ("b", "vda"), ("c", "sdb")], volumes.Select(volume => (volume.Name, volume.Target)));
        Assert.Equal("files", volumes[2].PersistentVolumeClaimInfo!.ClaimName);
    }

    private static ClaimObservation Claim(string name, string mode, string access) => new()
    {
        ClaimName = name,
        VolumeMode = mode,
        AccessModes = [access],
        Capacity = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse("16Mi") },
    };

    private static VirtualMachineInstance With(string volumes) =>
        Instance(spec: $$$"""{"domain":{"memory":{"guest":"64Mi"},"devices":{}},"volumes":[{{{volumes}}}]}""");
}
