using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>Source-generated JSON of the built-in objects. Libraries with objects of their own declare a context with the same options.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(Endpoints))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(PersistentVolume))]
[JsonSerializable(typeof(PersistentVolumeClaim))]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(ListMeta))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(PartialObject))]
public sealed partial class KubernetesJson : JsonSerializerContext;
