using Migration.Api;
using Migration.Controllers.Nodes;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Tests;

/// <summary>The life of instances against a real API server and nodes behind real gRPC.</summary>
public sealed class InstanceTests
{
    [Fact]
    public async Task A_guest_is_started_in_its_pod_and_told_of_in_the_status()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();

        var instance = await lab.RunInstanceAsync("vm");

        var status = instance.Status!;
        // A scheduler that binds the pod before it is looked at again leaves no time for Scheduling.
        Assert.Equal(["Pending", "Scheduled", "Running"], status.PhaseTransitionTimestamps!.Select(t => t.Phase).Where(phase => phase != "Scheduling"));
        Assert.Equal(("a", "pc-q35-7.2", "LiveMigration"), (status.NodeName, status.Machine!.Type, status.MigrationMethod));
        Assert.True(status.Conditions.IsTrue(InstanceCondition.Ready));
        Assert.True(status.Conditions.IsTrue(InstanceCondition.LiveMigratable));
        var nic = Assert.Single(status.Interfaces!);
        Assert.Equal(("default", "10.244.1.7", "02:00:00:00:00:07", "eth0", "domain, dhcp"), (nic.Name, nic.IpAddress, nic.Mac, nic.PodInterfaceName, nic.InfoSource));
        var pod = Assert.Single(await lab.Pods.ListAsync(ListOptions.All, CancellationToken.None));
        Assert.Equal(instance.Metadata.Uid, pod.Metadata.ControllingOwner?.Uid);
        Assert.Equal([KeyValuePair.Create(pod.Metadata.Uid!, "a")], status.ActivePods);
        await lab.InstanceAsync("vm", vmi => vmi.Metadata.Label(Labels.NodeName) == "a", "labelled");
    }

    [Fact]
    public async Task A_guest_that_shuts_down_has_succeeded_and_leaves_its_node()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");

        lab.A.EndGuest(Assert.Single(lab.A.Machines).Id, MachinePhase.Stopped, "");

        await lab.InstanceAsync("vm", InstancePhase.Succeeded);
        await lab.UntilAsync(() => lab.A.Machines.Count == 0, "machine gone");
    }

    [Fact]
    public async Task A_guest_that_crashes_has_failed_with_the_nodes_reason()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");

        lab.A.EndGuest(Assert.Single(lab.A.Machines).Id, MachinePhase.Failed, "QEMU ended with signal 11");

        var instance = await lab.InstanceAsync("vm", InstancePhase.Failed);
        Assert.Equal("GuestFailed", instance.Status!.Reason);
        Assert.Equal("QEMU ended with signal 11", instance.Status.Conditions.Find(InstanceCondition.Ready)!.Message);
        await lab.UntilAsync(() => lab.A.Machines.Count == 0, "machine gone");
    }

    [Fact]
    public async Task An_instance_whose_pod_ends_has_failed()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        var pod = Assert.Single(await lab.Pods.ListAsync(ListOptions.All, CancellationToken.None));

        await lab.Runner.EndAsync(pod, "Failed", CancellationToken.None);

        var instance = await lab.InstanceAsync("vm", InstancePhase.Failed);
        Assert.Contains("the launcher was killed", instance.Status!.Conditions.Find(InstanceCondition.Ready)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_whose_pod_is_lost_has_failed()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        var pod = Assert.Single(await lab.Pods.ListAsync(ListOptions.All, CancellationToken.None));

        await lab.Pods.DeleteAsync(pod.Key, new DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);

        await lab.InstanceAsync("vm", InstancePhase.Failed);
        await lab.UntilAsync(() => lab.A.Machines.Count == 0, "machine gone");
        Assert.Equal(1, lab.Guests.Boots((await lab.InstanceAsync("vm", InstancePhase.Failed)).Metadata.Uid!));
    }

    [Fact]
    public async Task A_deleted_instance_takes_machine_and_pod_with_it()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");

        await lab.DeleteAsync(lab.Instances, "vm");

        await lab.GoneAsync(lab.Instances, "vm");
        Assert.Empty(lab.A.Machines);
        await lab.LeftAsync();
    }

    [Fact]
    public async Task What_is_not_supported_is_named_and_not_started()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", """{"domain":{"devices":{"disks":[{"name":"d","lun":{}}],"sound":{"name":"s"}},"memory":{"guest":"64Mi"}},"volumes":[{"name":"d","containerDisk":{"image":"i"}}]}""");

        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status?.Conditions.Find(InstanceCondition.Synchronized)?.Status == Condition.False, "not synchronized");

        Assert.Equal(InstancePhase.Pending, instance.Status!.Phase);
        Assert.Equal("not supported yet: spec.domain.devices.disks[0].lun", instance.Status.Conditions.Find(InstanceCondition.Synchronized)!.Message);
        Assert.Equal("spec.domain.devices.sound, spec.domain.devices.disks[0].lun", instance.Status.Conditions.Find(InstanceCondition.FieldsNotActedOn)!.Message);
        Assert.Empty(await lab.Pods.ListAsync(ListOptions.All, CancellationToken.None));
        await lab.StopControllersAsync();
        Assert.Contains("Warning SyncFailed: not supported yet: spec.domain.devices.disks[0].lun", await lab.EventsAsync("vm"));
    }

    [Fact]
    public async Task What_is_only_not_acted_on_is_named_and_started()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", """{"domain":{"devices":{"sound":{"name":"s"}},"memory":{"guest":"64Mi"}}}""");

        var instance = await lab.InstanceAsync("vm", InstancePhase.Running);

        Assert.Equal("spec.domain.devices.sound", instance.Status!.Conditions.Find(InstanceCondition.FieldsNotActedOn)!.Message);
    }

    [Fact]
    public async Task A_spec_that_makes_no_sense_fails_with_its_field()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", """{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"64Mi"}}}""");

        var instance = await lab.InstanceAsync("vm", InstancePhase.Failed);

        Assert.Equal("Invalid", instance.Status!.Reason);
        Assert.StartsWith("spec.domain.devices.interfaces[0].name: there is no network 'a'", instance.Status.Conditions.Find(InstanceCondition.Ready)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_was_down_gets_the_plan_when_it_is_back()
    {
        await using var lab = await ControllerLab.StartAsync();
        await lab.A.StopAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm");
        await lab.InstanceAsync("vm", InstancePhase.Scheduled);

        await lab.A.StartAsync();

        await lab.InstanceAsync("vm", InstancePhase.Running);
    }

    [Fact]
    public async Task A_node_that_lost_the_plan_gets_it_again()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.A.HoldMachines = true;
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm");
        await lab.UntilAsync(() => lab.A.Machines.Count == 1, "planned");

        await lab.A.StopAsync();
        lab.A.Wipe();
        lab.A.HoldMachines = false;
        await lab.A.StartAsync();

        var instance = await lab.InstanceAsync("vm", InstancePhase.Running);
        Assert.Equal(1, lab.Guests.Boots(instance.Metadata.Uid!));
    }

    [Fact]
    public async Task A_paused_guest_is_running_and_not_ready()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");

        lab.A.EndGuest(Assert.Single(lab.A.Machines).Id, MachinePhase.Paused, "");

        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.IsTrue(InstanceCondition.Paused), "paused");
        Assert.Equal(InstancePhase.Running, instance.Status!.Phase);
        Assert.False(instance.Status.Conditions.IsTrue(InstanceCondition.Ready));
    }

    [Fact]
    public async Task A_guest_stands_still_while_its_annotation_says_so()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");

        await lab.KubectlAsync("annotate", "vmi", "vm", "migration.internal/paused=true");
        await lab.KubectlAsync("wait", "vmi/vm", "--for=condition=Paused", "--timeout=50s");
        Assert.Equal((MachinePhase.Paused, true), (lab.A.Machines.Single().Phase, lab.A.Machines.Single().Paused));
        await lab.KubectlAsync("annotate", "vmi", "vm", "migration.internal/paused-");

        await lab.KubectlAsync("wait", "vmi/vm", "--for=condition=Ready", "--timeout=50s");
        Assert.Equal(MachinePhase.Running, lab.A.Machines.Single().Phase);
    }

    [Fact]
    public async Task A_machine_whose_instance_and_pod_are_gone_is_removed()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        await lab.StopControllersAsync();
        await lab.Instances.RemoveFinalizerAsync(await lab.Instances.GetAsync(instance.Key, CancellationToken.None), FinalizerNames.Instance, CancellationToken.None);
        await lab.DeleteAsync(lab.Instances, "vm");
        foreach (var pod in await lab.Pods.ListAsync(ListOptions.All, CancellationToken.None))
            await lab.Pods.EnsureDeletedAsync(pod, new DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);

        lab.StartControllers();

        await lab.UntilAsync(() => lab.A.Machines.Count == 0, "orphan gone");
    }

    [Fact]
    public async Task A_node_that_shows_another_nodes_certificate_is_not_spoken_to()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        var address = (await lab.Client.For(Kinds.Nodes).GetAsync(ObjectKey.Of("a"), CancellationToken.None)).Status!.Address("InternalIP");
        var certificates = new NodeCertificates(lab.Certificates);

        using var right = Grpc.Net.Client.GrpcChannel.ForAddress($"https://{address}:7411", new() { HttpHandler = certificates.ConnectionsTo("a"), DisposeHttpClient = true });
        using var wrong = Grpc.Net.Client.GrpcChannel.ForAddress($"https://{address}:7411", new() { HttpHandler = certificates.ConnectionsTo("b"), DisposeHttpClient = true });

        await new Machines.MachinesClient(right).DeleteMachineAsync(new DeleteMachineRequest { Id = "nobody" });
        var refused = await Assert.ThrowsAsync<Grpc.Core.RpcException>(async () => await new Machines.MachinesClient(wrong).DeleteMachineAsync(new DeleteMachineRequest { Id = "nobody" }));
        Assert.Equal(Grpc.Core.StatusCode.Unavailable, refused.StatusCode);
    }
}
