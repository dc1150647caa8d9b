using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.VirtualMachines;

/// <summary>The instance that a virtual machine has, made of its template.</summary>
public static class MadeInstance
{
    /// <summary>A new one: of the virtual machine's name, its own, and with the same firmware whenever it is made.</summary>
    public static VirtualMachineInstance Of(VirtualMachine machine)
    {
        var template = machine.Spec.Template!;
        return new VirtualMachineInstance
        {
            ApiVersion = machine.ApiVersion,
            Kind = KubeVirt.Instances.Kind,
            Metadata = new ObjectMeta
            {
                Name = machine.Metadata.Name,
                Namespace = machine.Metadata.Namespace,
                Labels = template.Metadata?.Labels,
                Annotations = Annotated(template.Metadata?.Annotations, machine),
                OwnerReferences = [machine.AsOwner()],
            },
            Spec = WithFirmware(LiveTemplate.WithoutAbsent(template.Spec), machine),
        };
    }

    /// <summary>One that was nobody's. What it was made of is not known, so that it counts as made of what is there now.</summary>
    public static VirtualMachineInstance Adopted(VirtualMachine machine, VirtualMachineInstance stray) => stray with
    {
        Metadata = stray.Metadata with
        {
            OwnerReferences = [.. stray.Metadata.OwnerReferences ?? [], machine.AsOwner()],
            Annotations = stray.Metadata.Annotation(Annotations.MadeOf) is null ? Annotated(stray.Metadata.Annotations, machine) : stray.Metadata.Annotations,
        },
    };

    /// <summary>The template's spec that the instance was made of.</summary>
    public static JsonObject? MadeOf(VirtualMachineInstance instance)
    {
        try
        {
            return instance.Metadata.Annotation(Annotations.MadeOf) is { } made ? JsonNode.Parse(made) as JsonObject : null;
        }
        catch (JsonException)
        {
            // An annotation that somebody spoiled: nothing can be held against it.
            return null;
        }
    }

    public static JsonObject ToJson(VirtualMachineInstanceSpec spec) => (JsonObject)JsonSerializer.SerializeToNode(spec, ApiJson.Default.VirtualMachineInstanceSpec)!;

    private static Dictionary<string, string> Annotated(IReadOnlyDictionary<string, string>? annotations, VirtualMachine machine) => new(annotations ?? new Dictionary<string, string>())
    {
        [Annotations.Generation] = (machine.Metadata.Generation ?? 0).ToString(CultureInfo.InvariantCulture),
        [Annotations.MadeOf] = ToJson(machine.Spec.Template!.Spec).ToJsonString(),
    };

    // Guests know themselves by it: it outlives the instance.
    private static VirtualMachineInstanceSpec WithFirmware(VirtualMachineInstanceSpec spec, VirtualMachine machine)
    {
        if (!string.IsNullOrEmpty(spec.Domain.Firmware?.Uuid))
            return spec;
        var firmware = (spec.Domain.Firmware ?? new Firmware()) with { Uuid = InstanceDefaults.FirmwareUuid(machine.Metadata.Uid ?? "") };
        return spec with { Domain = spec.Domain with { Firmware = firmware } };
    }
}
