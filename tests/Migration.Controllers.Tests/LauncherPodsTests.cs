using Migration.Api;
using Migration.Controllers.Networks;
using Migration.Controllers.Pods;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

public sealed class LauncherPodsTests
{
    private const string Booted = """
        {"domain":{"devices":{},"memory":{"guest":"512Mi"},"cpu":{"cores":2},"firmware":{"kernelBoot":{"container":{"image":"registry/guest:1","imagePullPolicy":"Never","imagePullSecret":"s","kernelPath":"/boot/vmlinuz"}}}},
         "nodeSelector":{"disk":"fast","zone":"1"},"tolerations":[{"operator":"Exists"}],"terminationGracePeriodSeconds":20,"priorityClassName":"high","dnsPolicy":"None","dnsConfig":{"nameservers":["192.0.2.1"]}}
        """;

    [Fact]
    public void The_pod_runs_the_launcher_for_its_instance()
    {
        var pod = Launchers.First(Instance(spec: Booted));

        Assert.StartsWith("virt-launcher-vm-", pod.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal("virt-launcher-vm-".Length + 5, pod.Metadata.Name!.Length);
        Assert.Equal(("virt-launcher", Instance().Metadata.Uid, "vm"), (pod.Metadata.Label("kubevirt.io"), pod.Metadata.Label("kubevirt.io/created-by"), pod.Metadata.Label("vm.kubevirt.io/name")));
        Assert.Equal("vm", pod.Metadata.Annotation("kubevirt.io/domain"));
        Assert.Equal(Instance().Metadata.Uid, pod.Metadata.ControllingOwner!.Uid);
        var compute = Assert.Single(pod.Spec!.Containers!);
        Assert.Equal("compute", compute.Name);
        Assert.Equal(["migration-launcher"], compute.Command);
        Assert.Equal(["--socket", "/run/migration-launcher/launcher.sock"], compute.Args);
        Assert.Equal((107, 107), (compute.SecurityContext!.RunAsUser, compute.SecurityContext.RunAsGroup));
        Assert.Equal("Never", pod.Spec.RestartPolicy);
        Assert.Equal(35, pod.Spec.TerminationGracePeriodSeconds);
    }

    [Fact]
    public void Volumes_are_the_sockets_and_the_kernels_image()
    {
        var pod = Launchers.First(Instance(spec: Booted));

        Assert.Equal(["sockets", "kernel-boot"], pod.Spec!.Volumes!.Select(volume => volume.Name));
        Assert.NotNull(pod.Spec.Volumes![0].EmptyDir);
        Assert.Equal(("registry/guest:1", "Never"), (pod.Spec.Volumes[1].Image!.Reference, pod.Spec.Volumes[1].Image!.PullPolicy));
        Assert.Equal(["/run/migration-launcher", "/run/migration-volumes/kernel-boot"], pod.Spec.Containers![0].VolumeMounts!.Select(mount => mount.MountPath));
        Assert.Equal("s", Assert.Single(pod.Spec.ImagePullSecrets!).Name);
    }

    [Fact]
    public void The_pod_says_how_its_first_nic_is_bound_and_what_networks_it_wants()
    {
        var instance = Instance(spec: """
            {"domain":{"devices":{"interfaces":[{"name":"lan","bridge":{},"macAddress":"02-00-00-AB-CD-EF"},{"name":"default","masquerade":{},"ports":[{"port":80}],"model":"e1000"}]},"memory":{"guest":"64Mi"}},
             "networks":[{"name":"lan","multus":{"networkName":"infra/blue"}},{"name":"default","pod":{}}]}
            """);
        instance = instance with { Metadata = instance.Metadata.WithAnnotation("mine", "kept").WithAnnotation(Annotations.Interface, "forged").WithAnnotation(Annotations.DefaultNetwork, "forged").WithAnnotation("migration.internal/else", "forged") };

        var first = Launchers.First(instance).Metadata;
        var target = Launchers.Target(instance, Job(), ResolvedNetworks.None, new Dictionary<string, string>()).Metadata;

        Assert.Equal("""{ "name": "default", "binding": "BINDING_MASQUERADE", "ports": [ { "protocol": "tcp", "first": 80 } ] }""", first.Annotation(Annotations.Interface));
        Assert.Equal($$"""[{"name":"blue","namespace":"infra","mac":"02:00:00:ab:cd:ef","interface":"{{PodInterfaceNames.Hashed("lan")}}"}]""", first.Annotation(Annotations.Networks));
        Assert.Equal(first.Annotation(Annotations.Networks), target.Annotation(Annotations.Networks));
        Assert.Equal(("kept", null, null), (first.Annotation("mine"), first.Annotation(Annotations.DefaultNetwork), first.Annotation("migration.internal/else")));
        // Where a guest arrives, nothing is bound before the node was told that it arrives.
        Assert.Null(target.Annotation(Annotations.Interface));
    }

    [Fact]
    public void Placement_is_passed_through()
    {
        var spec = Launchers.First(Instance(spec: Booted)).Spec!;

        Assert.Equal("fast", spec.NodeSelector!["disk"]);
        Assert.Equal("Exists", Assert.Single(spec.Tolerations!).Operator);
        Assert.Equal(("high", "None"), (spec.PriorityClassName, spec.DnsPolicy));
        Assert.Equal("192.0.2.1", spec.Unknown!["dnsConfig"].GetProperty("nameservers")[0].GetString());
        Assert.Null(spec.Affinity);
    }

    [Fact]
    public void A_target_stays_away_from_the_guests_other_pods_and_its_migrations_selector_only_narrows()
    {
        var job = Job() with { Spec = new() { VmiName = "vm", AddedNodeSelector = new Dictionary<string, string> { ["zone"] = "2", ["rack"] = "7" } } };

        var pod = Launchers.Target(Instance(spec: Booted), job, ResolvedNetworks.None, new Dictionary<string, string>());

        var term = Assert.Single(pod.Spec!.Affinity!.PodAntiAffinity!.RequiredDuringSchedulingIgnoredDuringExecution!);
        Assert.Equal("kubernetes.io/hostname", term.TopologyKey);
        Assert.Equal(Instance().Metadata.Uid, term.LabelSelector!.MatchLabels!["kubevirt.io/created-by"]);
        Assert.Equal(("1", "7", "fast"), (pod.Spec.NodeSelector!["zone"], pod.Spec.NodeSelector["rack"], pod.Spec.NodeSelector["disk"]));
        Assert.Equal(job.Metadata.Uid, pod.Metadata.Label("kubevirt.io/migrationJobUID"));
        Assert.Equal("move", pod.Metadata.Annotation("kubevirt.io/migrationJobName"));
        Assert.NotEqual(Launchers.First(Instance(spec: Booted)).Metadata.Name, pod.Metadata.Name);
    }

    [Theory]
    [InlineData("""{"memory":{"guest":"512Mi"},"devices":{}}""", "100m", "621Mi", null)]
    [InlineData("""{"memory":{"guest":"512Mi"},"cpu":{"cores":2},"devices":{},"resources":{"requests":{"cpu":"2","memory":"1Mi"}}}""", "2", "629Mi", null)]
    [InlineData("""{"memory":{"guest":"512Mi"},"devices":{},"resources":{"limits":{"memory":"1Gi","cpu":"4"}}}""", "100m", "645Mi", "1157Mi")]
    public void The_pod_asks_for_the_guests_memory_and_what_running_it_costs(string domain, string cpu, string memory, string? limit)
    {
        var resources = MachineResources.Of(Instance(spec: $$"""{"domain":{{domain}}}""").CompleteSpec().Domain);

        Assert.Equal((cpu, memory), (resources.Requests!["cpu"].ToString(), resources.Requests["memory"].ToString()));
        Assert.Equal(limit, resources.Limits?["memory"].ToString());
    }

    [Fact]
    public void A_long_name_is_cut_to_what_labels_and_host_names_hold()
    {
        var name = new string('a', 70) + ".b";
        var pod = Launchers.First(Instance() with { Metadata = Instance().Metadata with { Name = name } });

        Assert.Equal(63, pod.Metadata.Label("vm.kubevirt.io/name")!.Length);
        Assert.Equal(63, pod.Spec!.Hostname!.Length);
        Assert.Equal(name, pod.Metadata.Annotation("kubevirt.io/domain"));
    }
}
