using System.Text.Json;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests.Admission;

/// <summary>Who is let in, and with what words others are not.</summary>
public sealed class RulesTests
{
    private static readonly ObjectKey Key = new("default", "vm");

    [Theory]
    [InlineData("""{"domain":{"devices":{}}}""", "spec.domain.memory.guest")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"}]},"memory":{"guest":"1Gi"}}}""", "spec.domain.devices.interfaces[0].name")]
    [InlineData("""{"domain":{"cpu":{"cores":-1},"devices":{},"memory":{"guest":"1Gi"}}}""", "spec.domain.cpu.cores")]
    public void A_bad_instance_is_refused_with_the_path_of_the_field(string spec, string path)
    {
        var verdict = InstanceRules.Check(New(Instance(spec)));

        Assert.False(verdict.IsAllowed);
        Assert.Contains(verdict.Errors, error => error.Path == path && error.Message.Length > 0);
    }

    [Fact]
    public void What_is_not_acted_on_is_a_warning()
    {
        var verdict = InstanceRules.Check(New(Instance("""{"domain":{"devices":{"tpm":{},"rng":{}},"memory":{"guest":"1Gi"}}}""")));

        Assert.True(verdict.IsAllowed);
        Assert.Contains("spec.domain.devices.tpm: not supported, so the guest will not be started", verdict.Warnings);
    }

    [Fact]
    public void A_bad_instance_that_is_there_already_can_be_labelled_and_deleted()
    {
        var bad = Instance("""{"domain":{"devices":{}}}""");
        var labelled = bad with { Metadata = bad.Metadata.WithLabel("a", "b") };
        var deleted = bad with { Metadata = bad.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch }, Spec = new VirtualMachineInstanceSpec() };

        Assert.True(InstanceRules.Check(Change(bad, labelled)).IsAllowed);
        Assert.True(InstanceRules.Check(Change(bad, deleted)).IsAllowed);
    }

    [Fact]
    public void A_change_of_hardware_is_refused_and_a_new_network_is_checked()
    {
        var now = Instance("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}""");

        Assert.Equal("spec.domain.memory.guest: update of VMI object is restricted",
            InstanceRules.Check(Change(now, Instance("""{"domain":{"devices":{},"memory":{"guest":"2Gi"}}}"""))).Errors.Single().ToString());
        Assert.Equal("spec.domain.devices.interfaces[0].name",
            InstanceRules.Check(Change(now, Instance("""{"domain":{"devices":{"interfaces":[{"name":"b"}]},"memory":{"guest":"1Gi"}}}"""))).Errors[0].Path);
    }

    [Fact]
    public void An_instance_gets_what_controllers_would_take_it_for()
    {
        var instance = Instance("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}""");

        var complete = InstanceRules.Complete(New(instance), "External");

        Assert.True(KubeVirt.Instances.Same(complete, instance with { Spec = InstanceDefaults.Complete(instance.Spec, instance.Metadata.Uid!) with { EvictionStrategy = "External" } }));
        Assert.True(KubeVirt.Instances.Same(complete, InstanceRules.Complete(New(complete), "None")));
    }

    [Fact]
    public void An_instance_whose_uid_is_not_known_yet_gets_no_firmware_uuid_that_it_would_not_keep()
    {
        var instance = Instance("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}""");

        Assert.Null(InstanceRules.Complete(New(instance with { Metadata = instance.Metadata with { Uid = null } }), "None").Spec.Domain.Firmware);
    }

    [Theory]
    [InlineData("""{"runStrategy":"Sometimes","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}}}""", "spec.runStrategy")]
    [InlineData("""{"runStrategy":"Always","running":true,"template":{"spec":{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}}}""", "spec.running")]
    [InlineData("""{"runStrategy":"Always","template":{"spec":{"domain":{"devices":{}}}}}""", "spec.template.spec.domain.memory.guest")]
    public void A_bad_virtual_machine_is_refused_with_the_path_of_the_field(string spec, string path) =>
        Assert.Contains(MachineRules.Check(New(Machine(spec))).Errors, error => error.Path == path);

    [Fact]
    public void A_virtual_machine_keeps_the_machine_type_it_was_made_with()
    {
        var machine = Machine("""{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}}}""");

        var complete = MachineRules.Complete(New(machine));

        Assert.Equal("q35", complete.Spec.Template!.Spec.Domain.Machine!.Type);
        Assert.Same(complete, MachineRules.Complete(New(complete)));
        Assert.Contains(MachineRules.Check(New(Machine("""{"running":true,"template":{"spec":{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}}}"""))).Warnings, warning => warning.StartsWith("spec.running: deprecated", StringComparison.Ordinal));
    }

    [Fact]
    public void A_migration_of_nothing_is_refused() => Assert.Equal("the VMI \"default/vm\" does not exist", MigrationRules.Judge(Key, null, []).Message);

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void A_migration_of_a_guest_that_ended_is_refused(string phase) =>
        Assert.Equal("Cannot migrate VMI in finalized state.", MigrationRules.Judge(Key, Running() with { Status = new() { Phase = phase } }, []).Message);

    [Fact]
    public void A_migration_of_a_guest_that_cannot_move_is_refused_with_the_reason()
    {
        var stuck = Running() with { Status = new() { Phase = "Running", Conditions = [new Condition { Type = "LiveMigratable", Status = "False", Reason = "DisksNotLiveMigratable", Message = "disk a" }] } };

        Assert.Equal("Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: disk a", MigrationRules.Judge(Key, stuck, []).Message);
    }

    [Fact]
    public void One_migration_at_a_time()
    {
        var rival = new VirtualMachineInstanceMigration { Metadata = new ObjectMeta { Uid = "u" }, Spec = new() { VmiName = "vm" } };

        Assert.Equal("in-flight migration detected. Active migration job (u) is currently already in progress for VMI vm.", MigrationRules.Judge(Key, Running(), [rival]).Message);
        Assert.True(MigrationRules.Judge(Key, Running(), [rival with { Status = new() { Phase = "Succeeded" } }]).IsAllowed);
    }

    [Fact]
    public void A_migration_gets_its_finalizer_and_a_label_that_fits()
    {
        var name = new string('n', 70);

        var complete = MigrationRules.Complete(New(new VirtualMachineInstanceMigration { Metadata = new ObjectMeta { Name = "m" }, Spec = new() { VmiName = name } }));

        Assert.True(complete.Metadata.HasFinalizer(FinalizerNames.Migration));
        Assert.Equal(name[..63], complete.Metadata.Label(Labels.MigratedInstance));
    }

    [Fact]
    public void A_migrations_spec_stays()
    {
        var job = new VirtualMachineInstanceMigration { Metadata = new ObjectMeta { Name = "m" }, Spec = new() { VmiName = "vm" } };

        Assert.Equal(["spec: update of Migration object's spec is restricted"], MigrationValidation.ChangeErrors(job, job with { Spec = new() { VmiName = "other" } }));
        Assert.Empty(MigrationValidation.ChangeErrors(job, job with { Metadata = job.Metadata.WithLabel("a", "b"), Status = new() { Phase = "Running" } }));
    }

    [Fact]
    public void A_policy_that_makes_no_sense_is_refused()
    {
        var policy = JsonSerializer.Deserialize("""{"metadata":{"name":"p"},"spec":{"selectors":{},"bandwidthPerMigration":"-1","maxDowntimeMs":0,"experimental":{"compression":"zstd"}}}""", ApiJson.Default.MigrationPolicy)!;

        var verdict = PolicyRules.Check(New(policy));

        Assert.Equal(["spec.bandwidthPerMigration", "spec.maxDowntimeMs"], verdict.Errors.Select(error => error.Path).Order());
        Assert.Equal(["spec.experimental.compression: not acted on"], verdict.Warnings);
    }

    private static Proposal<T> New<T>(T item)
        where T : KubernetesObject => new(new AdmissionRequest { Uid = "u", Operation = AdmissionOperation.Create, Namespace = "default", Name = item.Metadata.Name }, item, null);

    private static Proposal<T> Change<T>(T before, T after)
        where T : KubernetesObject => new(new AdmissionRequest { Uid = "u", Operation = AdmissionOperation.Update, Namespace = "default", Name = after.Metadata.Name }, after, before);

    private static VirtualMachineInstance Instance(string spec) => new()
    {
        Metadata = new ObjectMeta { Name = "vm", Namespace = "default", Uid = "0a3b7c2e-5d4f-4e6a-8b9c-1d2e3f405162" },
        Spec = JsonSerializer.Deserialize(spec, ApiJson.Default.VirtualMachineInstanceSpec)!,
    };

    private static VirtualMachine Machine(string spec) =>
        JsonSerializer.Deserialize($$"""{"metadata":{"name":"vm"},"spec":{{spec}}}""", ApiJson.Default.VirtualMachine)!;

    private static VirtualMachineInstance Running() => Instance("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}""") with { Status = new() { Phase = "Running" } };
}
