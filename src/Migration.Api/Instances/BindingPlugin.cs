using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A binding that somebody else provides.</summary>
public sealed record BindingPlugin : OpenRecord
{
    public string Name { get => field ?? ""; init; }
}
