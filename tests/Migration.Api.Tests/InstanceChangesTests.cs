using System.Text.Json;

namespace Migration.Api.Tests;

public sealed class InstanceChangesTests
{
    private const string Spec = """{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""";

    [Theory]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"state":"down"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}},{"name":"b","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}},{"name":"b","multus":{"networkName":"n"}}]}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}],"nodeSelector":{"zone":"b"},"evictionStrategy":"LiveMigrate","tolerations":[{"key":"x"}]}""")]
    public void What_a_running_guest_can_take_may_change(string spec) => Assert.Empty(InstanceChanges.Errors(Instance(Spec), Instance(spec)));

    [Theory]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"2Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.memory.guest")]
    [InlineData("""{"domain":{"cpu":{"cores":2},"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.cpu.cores")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}],"rng":{}},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}],"hostname":"h"}""", "spec.domain.devices.rng,spec.hostname")]
    public void What_it_cannot_take_is_restricted_and_named(string spec, string paths) =>
        Assert.Equal(paths.Split(',').Select(path => path + ": update of VMI object is restricted"), InstanceChanges.Errors(Instance(Spec), Instance(spec)).Order());

    [Fact]
    public void Defaults_that_were_written_in_and_are_left_out_again_change_nothing()
    {
        var bare = Instance("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}""");
        var complete = bare with { Spec = bare.CompleteSpec() };

        Assert.True(InstanceChanges.IsAnother(complete, bare));
        Assert.Empty(InstanceChanges.Errors(complete, bare));
        Assert.Empty(InstanceChanges.Errors(bare, complete));
    }

    private static VirtualMachineInstance Instance(string spec) => new()
    {
        Metadata = new Kubernetes.ObjectMeta { Name = "vm", Namespace = "default", Uid = "0a3b7c2e-5d4f-4e6a-8b9c-1d2e3f405162" },
        Spec = JsonSerializer.Deserialize(spec, ApiJson.Default.VirtualMachineInstanceSpec)!,
    };
}
