using Migration.Controllers.Nodes;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Tests;

public sealed class NodeLabelsTests
{
    [Fact]
    public void A_node_is_labelled_with_what_it_can_run()
    {
        var facts = new GetNodeResponse { MachineTypes = { "pc-q35-7.2" }, CpuModels = { "qemu64-v1", "not a label" }, Accelerators = { Accelerator.Tcg } };

        var labels = NodeLabels.Of(facts);

        Assert.Equal(
            ["accelerator.node.migration.internal/tcg", "cpu-model.node.kubevirt.io/qemu64-v1", "machine-type.node.kubevirt.io/pc-q35-7.2"],
            labels.Keys.Order());
        Assert.All(labels.Values, value => Assert.Equal("true", value));
    }

    [Fact]
    public void What_a_node_no_longer_can_run_is_taken_back_and_other_labels_stay()
    {
        var node = Node(("machine-type.node.kubevirt.io/pc-q35-6.0", "true"), ("kubernetes.io/hostname", "a"));

        var labelled = NodeLabels.Labelled(node, new Dictionary<string, string> { ["machine-type.node.kubevirt.io/pc-q35-7.2"] = "true" });

        Assert.Equal(["kubernetes.io/hostname", "machine-type.node.kubevirt.io/pc-q35-7.2"], labelled.Metadata.Labels!.Keys.Order());
    }

    [Fact]
    public void A_target_must_have_what_the_source_has_and_the_guest_uses()
    {
        var machine = new Machine { MachineType = "pc-q35-7.2", CpuModel = "qemu64-v1", Accelerator = Accelerator.Tcg };

        Assert.Equal(
            ["accelerator.node.migration.internal/tcg", "machine-type.node.kubevirt.io/pc-q35-7.2"],
            NodeLabels.RequiredBy(machine, Node(("machine-type.node.kubevirt.io/pc-q35-7.2", "true"), ("accelerator.node.migration.internal/tcg", "true"), ("accelerator.node.migration.internal/kvm", "true"))).Keys.Order());
        // Nobody labels nodes here: nothing can be asked for.
        Assert.Empty(NodeLabels.RequiredBy(machine, Node()));
        Assert.Empty(NodeLabels.RequiredBy(machine, null));
    }

    private static Kubernetes.Node Node(params (string Key, string Value)[] labels) =>
        new() { Metadata = new ObjectMeta { Name = "a", Labels = labels.ToDictionary(label => label.Key, label => label.Value) } };
}
