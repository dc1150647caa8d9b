using System.Text.Json.Serialization;

namespace Migration.Api;

/// <summary>Source-generated JSON of KubeVirt's objects and of NetworkAttachmentDefinitions.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VirtualMachine))]
[JsonSerializable(typeof(VirtualMachineInstance))]
[JsonSerializable(typeof(VirtualMachineInstanceMigration))]
[JsonSerializable(typeof(MigrationPolicy))]
[JsonSerializable(typeof(NetworkAttachmentDefinition))]
[JsonSerializable(typeof(List<NetworkSelection>))]
[JsonSerializable(typeof(List<NetworkStatus>))]
public sealed partial class ApiJson : JsonSerializerContext;
