namespace Migration.Local.ApiServer;

internal static partial class BuiltInSchemaText
{
    private const string Workloads = """
        PodTemplateSpec What the pods are like.
         metadata ObjectMeta
         spec PodSpec
        Deployment A number of pods of which none is special, changed little by little.
         spec! DeploymentSpec
         status DeploymentStatus
        DeploymentSpec How many pods, and what they are like.
         minReadySeconds int32 -- How long a pod must be ready before it counts.
         paused bool -- Whether changes wait.
         progressDeadlineSeconds int32 =600 -- How long a change may make no progress.
         replicas int32 =1 -- How many.
         revisionHistoryLimit int32 =10 -- How many former states are kept.
         selector! LabelSelector
         strategy DeploymentStrategy
         template! PodTemplateSpec
        DeploymentStrategy How pods are replaced.
         rollingUpdate RollingUpdate
         type string -- Recreate or RollingUpdate.
        RollingUpdate How many pods are replaced at a time.
         maxSurge intstr -- How many more than wanted there may be.
         maxUnavailable intstr -- How many fewer than wanted may be there.
        DeploymentStatus How far it is.
         availableReplicas int32 -- Pods that are available.
         collisionCount int32 -- Names that were taken.
         conditions []any -- What goes on.
         observedGeneration int -- Generation that this is about.
         readyReplicas int32 -- Pods that are ready.
         replicas int32 -- Pods there are.
         terminatingReplicas int32 -- Pods that are going.
         unavailableReplicas int32 -- Pods that are missing.
         updatedReplicas int32 -- Pods of the present template.
        DaemonSet A pod on every node, or on every node of a kind.
         spec! DaemonSetSpec
         status DaemonSetStatus
        DaemonSetSpec What the pods are like.
         minReadySeconds int32 -- How long a pod must be ready before it counts.
         revisionHistoryLimit int32 =10 -- How many former states are kept.
         selector! LabelSelector
         template! PodTemplateSpec
         updateStrategy DaemonSetUpdateStrategy
        DaemonSetUpdateStrategy How pods are replaced.
         rollingUpdate RollingUpdate
         type string -- OnDelete or RollingUpdate.
        DaemonSetStatus How far it is.
         collisionCount int32 -- Names that were taken.
         conditions []any -- What goes on.
         currentNumberScheduled int32 -- Nodes that have their pod.
         desiredNumberScheduled int32 -- Nodes that should have one.
         numberAvailable int32 -- Nodes whose pod is available.
         numberMisscheduled int32 -- Nodes that have one and should not.
         numberReady int32 -- Nodes whose pod is ready.
         numberUnavailable int32 -- Nodes whose pod is missing.
         observedGeneration int -- Generation that this is about.
         updatedNumberScheduled int32 -- Nodes with a pod of the present template.
        """;
}
