namespace Migration.Api;

/// <summary>What is wrong with a virtual machine, each message beginning with the path of the field.</summary>
public static class VirtualMachineValidation
{
    public static IReadOnlyList<string> Errors(VirtualMachine machine) => [.. RunningErrors(machine.Spec), .. TemplateErrors(machine)];

    private static IEnumerable<string> RunningErrors(VirtualMachineSpec spec)
    {
        if (spec is { Running: not null, RunStrategy: { Length: > 0 } })
            yield return "spec.running: excludes spec.runStrategy; give one of them";
        if (spec is { Running: null, RunStrategy: null or "" })
            yield return "spec.runStrategy: required, or spec.running in its place";
        if (spec.RunStrategy is { Length: > 0 } strategy && !RunStrategy.All.Contains(strategy))
            yield return $"spec.runStrategy: '{strategy}' is none of {string.Join(", ", RunStrategy.All)}";
    }

    private static IEnumerable<string> TemplateErrors(VirtualMachine machine)
    {
        if (machine.Spec.Template is not { } template)
            return ["spec.template: required"];
        var instance = new VirtualMachineInstance { Metadata = (template.Metadata ?? new()) with { Namespace = machine.Metadata.Namespace }, Spec = template.Spec };
        return InstanceValidation.Errors(instance, instance.CompleteSpec()).Select(error => "spec.template." + error);
    }
}
