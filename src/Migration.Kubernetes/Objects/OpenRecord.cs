using System.Text.Json;
using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>
/// A JSON object of which we know some fields. The others are kept and written back, so that reading, editing
/// with <c>with</c> and updating never loses what a newer server, another controller or a user put there.
/// </summary>
/// <remarks>
/// Every nested record derives from this one. Known fields are nullable and left out when null: an absent field stays
/// absent. Record equality compares collections by reference, so objects are compared with
/// <see cref="ResourceKind{T}.Same"/>, never with <c>==</c>.
/// </remarks>
public abstract record OpenRecord
{
    /// <summary>Fields this version does not know. Never edited in place: copies made by <c>with</c> share it.</summary>
    /// <remarks>Settable, because the serializer cannot fill an init-only extension property.</remarks>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
