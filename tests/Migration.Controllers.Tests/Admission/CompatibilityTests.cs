using System.Net;
using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;
using Migration.Testing;

namespace Migration.Controllers.Tests.Admission;

/// <summary>
/// The manifests that people have, applied as they are by kubectl: to a cluster whose webhooks answer, and to one that has none. What
/// is wrong with a manifest is told in both: where it is applied, or in the object's conditions.
/// </summary>
public sealed class CompatibilityTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_manifest_applies_keeps_its_fields_and_is_reported(bool withWebhooks)
    {
        var manifests = Manifests();
        await using var lab = await LabAsync(withWebhooks, withVirtualMachines: true);

        var applied = new List<(string File, JsonNode Seen)>();
        foreach (var file in manifests)
        {
            if (!await AppliedAsync(lab, file))
                continue;
            var wanted = JsonNode.Parse(await lab.KubectlAsync("create", "--dry-run=client", "-o", "json", "-f", file))!;
            var found = await GetAsync(lab, wanted);
            Assert.Empty(Lost(wanted["spec"], found["spec"], "spec"));
            applied.Add((file, found));
        }
        // Applied again, nothing is refused, and nothing becomes another.
        await lab.KubectlAsync(["apply", .. applied.SelectMany(one => (string[])["-f", one.File])]);
        foreach (var (_, before) in applied)
            Assert.Equal((int)before["metadata"]!["generation"]!, (int)(await GetAsync(lab, before))["metadata"]!["generation"]!);
        await ReportedAsync(lab);
    }

    [Fact]
    public async Task What_the_definition_forbids_is_refused_with_the_path()
    {
        (string What, string Manifest, string Message)[] cases =
        [
            ("a-typo", """{"spec":{"domain":{"devices":{},"memory":{"guest":"64Mi"}},"terminationGracePeriodSecond":0}}""", "unknown field \"spec.terminationGracePeriodSecond\""),
            ("a-word-for-a-number", """{"spec":{"domain":{"cpu":{"cores":"two"},"devices":{},"memory":{"guest":"64Mi"}}}}""", "spec.domain.cpu.cores: Invalid value: \"string\""),
            ("no-domain", """{"spec":{}}""", "spec.domain: Required value"),
            ("a-disk-without-a-name", """{"spec":{"domain":{"devices":{"disks":[{"disk":{"bus":"virtio"}}]},"memory":{"guest":"64Mi"}}}}""", "spec.domain.devices.disks[0].name: Required value"),
        ];
        await using var lab = await LabAsync(withWebhooks: false);

        foreach (var (what, manifest, message) in cases)
        {
            var refused = await Assert.ThrowsAsync<ShellException>(() => lab.ApplyAsync(Instance(what, manifest)));
            Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_or_else_reported()
    {
        (string What, string Manifest, string Message)[] cases =
        [
            ("a-disk-without-volume", """{"spec":{"domain":{"devices":{"disks":[{"name":"a","disk":{"bus":"virtio"}}]},"memory":{"guest":"64Mi"}}}}""", "spec.domain.devices.disks[0].name"),
            ("duplicate-networks", """{"spec":{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{}}]},"memory":{"guest":"64Mi"}},"networks":[{"name":"a","pod":{}},{"name":"a","multus":{"networkName":"n"}}]}}""", "spec.networks[1].name: 'a' is used twice"),
            ("two-bindings", """{"spec":{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"bridge":{}}]},"memory":{"guest":"64Mi"}},"networks":[{"name":"a","pod":{}}]}}""", "spec.domain.devices.interfaces[0]: only one binding can be given"),
            ("masquerade-beside-the-pod-network", """{"spec":{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{}}]},"memory":{"guest":"64Mi"}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}}""", "spec.domain.devices.interfaces[0].masquerade: only on the pod network"),
            ("an-interface-of-no-network", """{"spec":{"domain":{"devices":{"interfaces":[{"name":"b"}]},"memory":{"guest":"64Mi"}},"networks":[{"name":"a","pod":{}}]}}""", "spec.domain.devices.interfaces[0].name: there is no network 'b' in spec.networks"),
            ("no-memory", """{"spec":{"domain":{"devices":{}}}}""", "spec.domain.memory.guest: required"),
            ("a-group-address", """{"spec":{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"macAddress":"03:00:00:00:00:01"}]},"memory":{"guest":"64Mi"}},"networks":[{"name":"a","pod":{}}]}}""", "spec.domain.devices.interfaces[0].macAddress: 03:00:00:00:00:01 is a group address"),
        ];
        await using var served = await LabAsync(withWebhooks: true);
        await using var lab = await LabAsync(withWebhooks: false);

        foreach (var (what, manifest, message) in cases)
        {
            var refused = await Assert.ThrowsAsync<ShellException>(() => served.ApplyAsync(Instance(what, manifest)));
            Assert.Contains(message, refused.Message, StringComparison.Ordinal);

            await lab.ApplyAsync(Instance(what, manifest));
            var instance = await lab.InstanceAsync(what, seen => seen.Status?.Conditions.Find(InstanceCondition.Synchronized) is { Status: "False" }, "refused");
            Assert.Contains(message, instance.Status!.Conditions.Find(InstanceCondition.Synchronized)!.Message, StringComparison.Ordinal);
        }
    }

    // What kubectl get shows of each, as its users know it.
    private static async Task ReportedAsync(ControllerLab lab)
    {
        var instances = await lab.KubectlAsync("get", "vmi");
        Assert.Matches(@"^NAME\s+AGE\s+PHASE\s+IP\s+NODENAME\s+READY", instances);
        Assert.Contains("vmi-migratable", instances, StringComparison.Ordinal);
        Assert.Matches(@"^NAME\s+AGE\s+STATUS\s+READY\nvm-cirros\s+\S+\s+Stopped\s+False", await EventuallyAsync(() => lab.KubectlAsync("get", "vm"), text => text.Contains("Stopped", StringComparison.Ordinal)));
        if (await lab.KubectlAsync("get", "vmim") is { Length: > 0 } migrations)
            Assert.Matches(@"^NAME\s+PHASE\s+VMI\s+SOURCE\s+TARGET\s+PERCENT\s+DOWNTIME\s+AGE\nmigration-job\s+.*vmi-migratable", migrations);
        Assert.Contains("example-migration-policy", await lab.KubectlAsync("get", "migrationpolicies"), StringComparison.Ordinal);
        var masqueraded = await lab.Instances.GetAsync(new ObjectKey(ControllerLab.Namespace, "vmi-masquerade"), TestContext.Current.CancellationToken);
        Assert.Equal(("q35", "virtio"), (masqueraded.CompleteSpec().Domain.Machine!.Type, masqueraded.CompleteSpec().Domain.Devices.Interfaces!.Single().Model));
    }

    // A migration may be refused for what its instance is by then, and says why; nothing else is refused.
    private static async Task<bool> AppliedAsync(ControllerLab lab, string file)
    {
        try
        {
            await lab.KubectlAsync("apply", "-f", file);
            return true;
        }
        catch (ShellException e) when (lab.Webhooks is not null && file.EndsWith("migration-job.yaml", StringComparison.Ordinal) && e.Message.Contains("Cannot migrate VMI, Reason: ", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private static async Task<string> EventuallyAsync(Func<Task<string>> look, Func<string, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var seen = await look();
            if (wanted(seen) || limit.IsCancellationRequested)
                return seen;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task<JsonNode> GetAsync(ControllerLab lab, JsonNode manifest) =>
        JsonNode.Parse(await lab.KubectlAsync("get", (string)manifest["kind"]!, (string)manifest["metadata"]!["name"]!, "-o", "json"))!;

    // Fields that were asked for and are not there, or are another; a quantity may be written otherwise.
    private static IEnumerable<string> Lost(JsonNode? wanted, JsonNode? found, string path) => (wanted, found) switch
    {
        (JsonObject asked, JsonObject has) => asked.SelectMany(field => Lost(field.Value, has[field.Key], $"{path}.{field.Key}")),
        (JsonArray asked, JsonArray has) when asked.Count == has.Count => asked.Zip(has).SelectMany((pair, i) => Lost(pair.First, pair.Second, $"{path}[{i}]")),
        _ => JsonNode.DeepEquals(wanted, found) ? [] : [$"{path}: {wanted} became {found}"],
    };

    private static async Task<ControllerLab> LabAsync(bool withWebhooks, bool withVirtualMachines = false)
    {
        var lab = await ControllerLab.StartAsync(withVirtualMachines: withVirtualMachines);
        if (withWebhooks)
        {
            var endpoint = new IPEndPoint(lab.Address(10), 9443);
            lab.Webhooks = new WebhookOptions(endpoint, new Uri($"https://{endpoint}"));
        }
        lab.StartControllers();
        if (withWebhooks)
            await EventuallyAsync(() => lab.KubectlAsync("get", "validatingwebhookconfigurations", "-o", "name"), text => text.Contains("migration", StringComparison.Ordinal));
        return lab;
    }

    private static string Instance(string name, string manifest)
    {
        var instance = (JsonObject)JsonNode.Parse(manifest)!;
        instance["apiVersion"] = "kubevirt.io/v1";
        instance["kind"] = "VirtualMachineInstance";
        instance["metadata"] = new JsonObject { ["name"] = name };
        return instance.ToJsonString();
    }

    // A migration comes after the instance that it moves.
    private static List<string> Manifests()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "shared/compat") is var compat && Directory.Exists(compat))
                return [.. Directory.EnumerateFiles(compat, "*.yaml").OrderBy(file => file.EndsWith("migration-job.yaml", StringComparison.Ordinal)).ThenBy(file => file, StringComparer.Ordinal)];
        }
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "there is no shared/compat beside this checkout");
        Assert.Skip("there is no shared/compat beside this checkout");
        return [];
    }
}
