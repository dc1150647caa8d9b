namespace Migration.Local.ApiServer;

internal static partial class BuiltInSchemaText
{
    private const string Cluster = """
        Namespace A space in which names are unique.
         spec NamespaceSpec
         status NamespaceStatus
        NamespaceSpec Who has something to do before the namespace may go.
         finalizers []string -- Their names.
        NamespaceStatus Whether the namespace is in use.
         conditions []Condition key=type -- Details of its end.
         phase string -- Active or Terminating.
        Node A machine that runs pods.
         spec NodeSpec
         status NodeStatus
        NodeSpec How the node is to be used.
         configSource any -- Not used any more.
         externalID string -- Not used any more.
         podCIDR string -- Addresses for the node's pods.
         podCIDRs []string set -- The same, of both families.
         providerID string -- The node's name at its provider.
         taints []Taint -- What keeps pods away.
         unschedulable bool -- No new pods.
        Taint Keeps pods away that do not tolerate it.
         effect! string -- NoSchedule, PreferNoSchedule or NoExecute.
         key! string -- Its name.
         timeAdded time -- Since when.
         value string -- Its value.
        NodeStatus State of the node.
         addresses []NodeAddress -- How it is reached.
         allocatable {}quantity -- What pods can use.
         capacity {}quantity -- What the node has.
         conditions []NodeCondition key=type -- Ready, and what presses.
         config any -- Not used any more.
         daemonEndpoints any -- Ports of its daemons.
         features any -- What its runtime can.
         images []any -- Images it holds.
         nodeInfo any -- Versions and identities.
         phase string -- Not used any more.
         runtimeHandlers []any -- Its container runtimes.
         volumesAttached []any -- Volumes attached.
         volumesInUse []string -- Volumes in use.
        NodeAddress A way to reach the node.
         address! string -- The address.
         type! string -- InternalIP, ExternalIP, Hostname.
        NodeCondition One aspect of a node's state.
         lastHeartbeatTime time -- When it was last confirmed.
         lastTransitionTime time -- When it last changed.
         message string -- Why, for people.
         reason string -- Why, one word.
         status! string -- True, False or Unknown.
         type! string -- Which aspect.
        Event Something that happened to an object.
         action string -- What was done.
         count int32 -- How often.
         eventTime microtime -- When it was first seen.
         firstTimestamp time -- When it was first seen.
         involvedObject! ObjectReference
         lastTimestamp time -- When it was last seen.
         message string -- What happened, for people.
         reason string -- What happened, one word.
         related ObjectReference
         reportingComponent string -- Who reports it.
         reportingInstance string -- Which instance of it.
         series any -- How it goes on.
         source any -- Who reports it.
         type string -- Normal or Warning.
        EventsEvent Something that happened to an object.
         action string -- What was done.
         deprecatedCount int32 -- How often.
         deprecatedFirstTimestamp time -- When it was first seen.
         deprecatedLastTimestamp time -- When it was last seen.
         deprecatedSource any -- Who reports it.
         eventTime microtime -- When it was first seen.
         note string -- What happened, for people.
         reason string -- What happened, one word.
         regarding ObjectReference
         related ObjectReference
         reportingController string -- Who reports it.
         reportingInstance string -- Which instance of it.
         series any -- How it goes on.
         type string -- Normal or Warning.
        Lease A claim that has to be renewed.
         spec LeaseSpec
        LeaseSpec Who holds the claim, and until when.
         acquireTime microtime -- Since when.
         holderIdentity string -- Who holds it.
         leaseDurationSeconds int32 -- How long it lasts without being renewed.
         leaseTransitions int32 -- How often the holder changed.
         preferredHolder string -- Who should hold it.
         renewTime microtime -- When it was last renewed.
         strategy string -- How holders are chosen.
        ConfigMap Configuration for pods.
         binaryData {}bytes -- Binary values.
         data {}string -- Values.
         immutable bool -- Whether it cannot be changed any more.
        Secret Values that are not for everybody.
         data {}bytes -- Values, in base64.
         immutable bool -- Whether it cannot be changed any more.
         stringData {}string -- Values in plain text, for writing only.
         type string -- What it is for.
        ServiceAccount An identity for pods.
         automountServiceAccountToken bool -- Whether pods get its token.
         imagePullSecrets []LocalObjectReference -- Secrets for pulling images.
         secrets []ObjectReference key=name -- Secrets it may use.
        ResourceQuota Limits for a namespace.
         spec any -- The limits.
         status any -- What is used.
        LimitRange Limits and defaults for objects of a namespace.
         spec any -- The limits.
        PriorityClass A name for an importance.
         description string -- What it is for.
         globalDefault bool -- Whether pods without a class get it.
         preemptionPolicy string =PreemptLowerPriority -- Whether less important pods make room.
         value! int32 -- The importance.
        PodDisruptionBudget How many pods may be missing.
         spec PodDisruptionBudgetSpec
         status any -- How many may be disturbed now.
        PodDisruptionBudgetSpec Which pods, and how many of them.
         maxUnavailable intstr -- The most that may be missing.
         minAvailable intstr -- The least that must be there.
         selector LabelSelector
         unhealthyPodEvictionPolicy string -- Whether pods that are not ready may always be evicted.
        CustomResourceDefinition A kind of objects of your own.
         spec! CustomResourceDefinitionSpec
         status any -- Whether it is served.
        CustomResourceDefinitionSpec Names, scope and versions of the kind.
         conversion any -- How versions are converted.
         group! string -- Its API group.
         names! any -- What it is called.
         preserveUnknownFields bool -- Must be false.
         scope! string -- Namespaced or Cluster.
         versions! []any -- Its versions with their schemas.
        """;
}
