using Migration.Kubernetes;

namespace Migration.Controllers.Nodes;

/// <summary>What a Node object says of whether anything runs there.</summary>
public static class NodeStates
{
    /// <summary>Set by an administrator, or a cloud, that has made sure of it: nothing runs on this node any more.</summary>
    public const string OutOfService = "node.kubernetes.io/out-of-service";

    extension(Kubernetes.Node? node)
    {
        /// <summary>Its kubelet is not heard of, or the node is gone from the cluster.</summary>
        public bool IsLost => node?.Status?.Conditions.IsTrue("Ready") != true;

        public bool IsOutOfService => node?.Spec?.Taints?.Any(taint => taint.Key == OutOfService) == true;
    }
}
