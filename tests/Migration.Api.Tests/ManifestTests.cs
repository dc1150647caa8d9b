using System.Text.Json.Nodes;

namespace Migration.Api.Tests;

/// <summary>Manifests that people already have, from KubeVirt's examples.</summary>
public sealed class ManifestTests
{
    public static TheoryData<string> Files() =>
        RepositoryFiles.Compatibility is { } folder ? [.. Directory.EnumerateFiles(folder, "*.yaml").Select(file => Path.GetFileName(file)!).Order()] : [];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void A_manifest_is_read_and_written_back_without_losing_a_field(string file)
    {
        foreach (var manifest in Read(file))
        {
            var written = (string?)manifest["kind"] == "VirtualMachineInstanceMigration"
                ? KubeVirt.Migrations.ToNode(KubeVirt.Migrations.FromNode(manifest))
                : KubeVirt.Instances.ToNode(KubeVirt.Instances.FromNode(manifest));

            Assert.True(JsonNode.DeepEquals(manifest, written), $"{file}: read\n{manifest}\nwritten\n{written}");
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void A_manifest_is_valid(string file)
    {
        foreach (var manifest in Read(file))
        {
            var errors = (string?)manifest["kind"] == "VirtualMachineInstanceMigration"
                ? MigrationValidation.Errors(KubeVirt.Migrations.FromNode(manifest).Spec)
                : InstanceValidation.Errors(KubeVirt.Instances.FromNode(manifest).CompleteSpec());

            Assert.Empty(errors);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void A_manifest_fits_its_custom_resource_definition(string file)
    {
        foreach (var manifest in RepositoryFiles.Documents(Path.Combine(RepositoryFiles.Compatibility!, file)))
        {
            var plural = (string?)manifest["kind"] switch
            {
                "MigrationPolicy" => "migrationpolicies",
                var kind => kind!.ToLowerInvariant() + "s",
            };
            var version = ((string)manifest["apiVersion"]!).Split('/')[1];

            Assert.Empty(SchemaWalk.Unknown(RepositoryFiles.Schema(plural, version), manifest, ""));
        }
    }

    // A VirtualMachine is read as the instance that its template makes; policies have no record here.
    private static IEnumerable<JsonObject> Read(string file)
    {
        foreach (var manifest in RepositoryFiles.Documents(Path.Combine(RepositoryFiles.Compatibility!, file)))
        {
            switch ((string?)manifest["kind"])
            {
                case "MigrationPolicy":
                    break;
                case "VirtualMachine":
                    yield return new JsonObject
                    {
                        ["apiVersion"] = "kubevirt.io/v1",
                        ["kind"] = "VirtualMachineInstance",
                        ["metadata"] = manifest["metadata"]!.DeepClone(),
                        ["spec"] = manifest["spec"]!["template"]!["spec"]!.DeepClone(),
                    };
                    break;
                default:
                    yield return manifest;
                    break;
            }
        }
    }
}
