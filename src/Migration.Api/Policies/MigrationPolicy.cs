using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>migrations.kubevirt.io/v1alpha1 MigrationPolicy: how instances with certain labels migrate.</summary>
public sealed record MigrationPolicy : KubernetesObject
{
    public MigrationPolicySpec Spec { get => field ?? MigrationPolicySpec.Empty; init; }
}
