using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Api.Tests;

/// <summary>
/// Nothing that a user may write is ignored in silence: every field of the definitions is acted on (and listed here), or told to
/// be not acted on, or known to be harmless. Whoever begins to act on a field takes it over into the list.
/// </summary>
public sealed class FieldCoverageTests
{
    // "*" ends a path whose every field is meant.
    private static readonly string[] ActedOn =
    [
        "spec.affinity*", "spec.dnsConfig*", "spec.dnsPolicy", "spec.evictionStrategy", "spec.hostname", "spec.nodeSelector*", "spec.priorityClassName",
        "spec.schedulerName", "spec.startStrategy", "spec.subdomain", "spec.terminationGracePeriodSeconds", "spec.tolerations*", "spec.topologySpreadConstraints*",
        "spec.domain.cpu.cores", "spec.domain.cpu.model", "spec.domain.cpu.sockets", "spec.domain.cpu.threads",
        "spec.domain.devices.autoattachPodInterface", "spec.domain.devices.networkInterfaceMultiqueue",
        "spec.domain.devices.interfaces[].name", "spec.domain.devices.interfaces[].bridge", "spec.domain.devices.interfaces[].masquerade", "spec.domain.devices.interfaces[].model",
        "spec.domain.devices.interfaces[].macAddress", "spec.domain.devices.interfaces[].state", "spec.domain.devices.interfaces[].ports*", "spec.domain.devices.interfaces[].portRanges*",
        "spec.domain.devices.interfaces[].dhcpOptions*",
        "spec.domain.devices.disks[].name", "spec.domain.devices.disks[].disk.bus", "spec.domain.devices.disks[].disk.readonly", "spec.domain.devices.disks[].cdrom*",
        "spec.domain.devices.disks[].bootOrder", "spec.domain.devices.disks[].serial", "spec.domain.devices.disks[].cache", "spec.domain.devices.disks[].io",
        "spec.domain.devices.disks[].blockSize.custom*", "spec.domain.devices.disks[].shareable", "spec.domain.devices.disks[].errorPolicy",
        "spec.volumes[].name", "spec.volumes[].containerDisk*", "spec.volumes[].persistentVolumeClaim.claimName", "spec.volumes[].persistentVolumeClaim.readOnly", "spec.volumes[].dataVolume.name",
        "spec.volumes[].hostDisk*", "spec.volumes[].emptyDisk*", "spec.volumes[].ephemeral*", "spec.volumes[].cloudInitNoCloud*", "spec.volumes[].cloudInitConfigDrive*",
        "spec.volumes[].configMap*", "spec.volumes[].secret*", "spec.volumes[].serviceAccount*", "spec.volumes[].downwardAPI*",
        "spec.domain.firmware.bootloader.efi.secureBoot",
        "spec.domain.firmware.kernelBoot*", "spec.domain.firmware.uuid", "spec.domain.machine.type", "spec.domain.memory.guest",
        "spec.domain.resources.limits*", "spec.domain.resources.requests*",
        "spec.networks[].name", "spec.networks[].multus*",
    ];

    private static readonly JsonObject Instances = RepositoryFiles.Schema("virtualmachineinstances", "v1");

    public static TheoryData<string> Leaves() => [.. Leaves(Instances).Where(leaf => leaf.Path.StartsWith("spec.", StringComparison.Ordinal)).Select(leaf => leaf.Path)];

    [Theory]
    [MemberData(nameof(Leaves))]
    public void A_field_of_an_instance_is_acted_on_or_told_or_harmless(string path)
    {
        var schema = SchemaWalk.At(Instances, path)!;
        var told = Samples(schema).Any(sample => IsTold(path, sample));
        var harmless = Samples(schema).Any(sample => HarmlessFields.Contains(path.Replace("[]", ""), JsonElement.Parse(sample.ToJsonString())) && sample.GetValueKind() != JsonValueKind.False);
        var acted = ActedOn.Any(entry => entry.EndsWith('*') ? path.StartsWith(entry[..^1], StringComparison.Ordinal) : path == entry);

        Assert.True(told || harmless || acted, $"{path} is ignored in silence: act on it and list it here, or let UnsupportedFields name it, or explain it in HarmlessFields");
        Assert.False(told && acted && Samples(schema).All(sample => IsTold(path, sample)), $"{path} is listed as acted on and yet told not to be");
    }

    [Fact]
    public void The_list_names_fields_that_there_are()
    {
        var known = Leaves(Instances).Select(leaf => leaf.Path).ToList();

        Assert.All(ActedOn, entry => Assert.Contains(known, path => entry.EndsWith('*') ? path.StartsWith(entry[..^1], StringComparison.Ordinal) : path == entry));
    }

    [Fact]
    public void A_virtual_machines_own_fields_are_typed_when_they_are_acted_on_and_told_when_not()
    {
        string[] actedOn = ["running", "runStrategy", "template"];
        var fields = ((JsonObject)RepositoryFiles.Schema("virtualmachines", "v1")["properties"]!["spec"]!["properties"]!).Select(field => field.Key).ToList();
        var machine = KubeVirt.VirtualMachines.FromNode(new JsonObject { ["spec"] = new JsonObject(fields.Except(actedOn).Select(name => KeyValuePair.Create(name, (JsonNode?)new JsonObject()))) });

        Assert.Equal(fields.Except(actedOn).Order(), machine.Spec.Unknown!.Keys.Order());
        Assert.Empty(actedOn.Except(fields));
    }

    [Fact]
    public void A_migrations_fields_are_acted_on_or_refused()
    {
        string[] actedOn = ["addedNodeSelector", "priority", "vmiName"];
        var fields = ((JsonObject)RepositoryFiles.Schema("virtualmachineinstancemigrations", "v1")["properties"]!["spec"]!["properties"]!).Select(field => field.Key);

        foreach (var name in fields.Except(actedOn))
        {
            var job = KubeVirt.Migrations.FromNode(new JsonObject { ["spec"] = new JsonObject { ["vmiName"] = "vm", [name] = new JsonObject() } });
            Assert.Contains(MigrationValidation.Errors(job.Spec), error => error.StartsWith($"spec.{name}: ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_policys_fields_are_acted_on_or_told()
    {
        string[] actedOn = ["spec.allowAutoConverge", "spec.allowWorkloadDisruption", "spec.bandwidthPerMigration", "spec.completionTimeoutPerGiB", "spec.maxDowntimeMs", "spec.selectors"];
        var schema = RepositoryFiles.Schema("migrationpolicies", "v1alpha1");

        foreach (var (path, field) in Leaves(schema).Where(leaf => leaf.Path.StartsWith("spec.", StringComparison.Ordinal) && !actedOn.Any(acted => leaf.Path.StartsWith(acted, StringComparison.Ordinal))))
        {
            var policy = KubeVirt.Policies.FromNode(new JsonObject { ["spec"] = Nested(path["spec.".Length..], Samples(field).First()) });
            var told = MigrationPolicies.NotActedOn(MigrationPolicies.Apply(MigrationConfiguration.Default, policy));
            Assert.True(told.Any(name => path.StartsWith("spec." + name, StringComparison.Ordinal)), path);
        }
    }

    private static bool IsTold(string path, JsonNode sample)
    {
        var spec = (JsonObject)Nested(path["spec.".Length..], sample);
        spec["domain"] ??= new JsonObject { ["devices"] = new JsonObject() };
        var read = KubeVirt.Instances.FromNode(new JsonObject { ["spec"] = spec }).Spec;
        return UnsupportedFields.Of(read).Any(field => field.Path.Replace("[0]", "[]") is var told && (path == told || path.StartsWith(told + ".", StringComparison.Ordinal) || path.StartsWith(told + "[", StringComparison.Ordinal)));
    }

    private static IEnumerable<(string Path, JsonObject Schema)> Leaves(JsonObject schema, string path = "")
    {
        if (schema["items"] is JsonObject items)
            return Leaves(items, path + "[]");
        if (schema["properties"] is JsonObject { Count: > 0 } fields)
            return fields.SelectMany(field => Leaves((JsonObject)field.Value!, path.Length == 0 ? field.Key : $"{path}.{field.Key}"));
        return [(path, schema)];
    }

    // Values that a user might give, none of which is what is there anyway, except where there is no other.
    private static IEnumerable<JsonNode> Samples(JsonObject schema)
    {
        if (schema["enum"] is JsonArray allowed)
            return allowed.Select(value => value!.DeepClone());
        if ((bool?)schema["x-kubernetes-int-or-string"] == true)
            return ["1"];
        return (string?)schema["type"] switch
        {
            "boolean" => [true, false],
            "integer" => [7],
            "number" => [1.5],
            "object" when schema["additionalProperties"] is not null => [new JsonObject { ["key"] = "1" }],
            "object" => [new JsonObject()],
            _ => ["x"],
        };
    }

    private static JsonNode Nested(string path, JsonNode value)
    {
        var parts = path.Split('.');
        var node = value.DeepClone();
        foreach (var part in parts.Reverse())
        {
            for (var i = 0; i < part.Count(c => c == '['); i++)
                node = new JsonArray(node);
            node = new JsonObject { [part.TrimEnd('[', ']')] = node };
        }
        return node;
    }
}
