using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>k8s.cni.cncf.io/v1 NetworkAttachmentDefinition: a network beside the cluster's.</summary>
public sealed record NetworkAttachmentDefinition : KubernetesObject
{
    public NetworkAttachmentDefinitionSpec? Spec { get; init; }
}
