namespace Migration.Local.ApiServer;

internal static partial class BuiltInSchemaText
{
    private const string Pods = """
        Pod A group of containers that run together on one node and share its network.
         spec PodSpec
         status PodStatus
        PodSpec What should run, and how.
         activeDeadlineSeconds int -- Seconds after which the pod is ended as failed.
         affinity Affinity
         automountServiceAccountToken bool -- Whether the service account's token is mounted.
         containers! []Container key=name -- What runs; at least one.
         dnsConfig any -- DNS settings on top of the policy's.
         dnsPolicy string =ClusterFirst oneof=ClusterFirst|ClusterFirstWithHostNet|Default|None -- Where names are resolved.
         enableServiceLinks bool =true -- Whether services are told to containers by environment variables.
         ephemeralContainers []Container key=name -- Containers added to a running pod for debugging.
         hostAliases []HostAlias key=ip -- Lines for /etc/hosts.
         hostIPC bool -- Use the node's IPC namespace.
         hostNetwork bool -- Use the node's network.
         hostPID bool -- Use the node's process ids.
         hostUsers bool -- Use the node's user ids.
         hostname string -- Host name in the pod; the pod's own when empty.
         imagePullSecrets []LocalObjectReference key=name -- Secrets for pulling images.
         initContainers []Container key=name -- Run to completion one after the other before the containers.
         nodeName string -- Where the pod runs; set by the scheduler.
         nodeSelector {}string atomic -- Labels the node must have.
         os any -- Operating system of the containers.
         overhead {}quantity -- What running the pod costs on top of its containers.
         preemptionPolicy string -- Whether less important pods make room.
         priority int32 -- The importance, as a number.
         priorityClassName string -- The importance, by name.
         readinessGates []PodReadinessGate -- Conditions that must be true for the pod to be ready.
         resourceClaims []any -- Claims on devices.
         resources ResourceRequirements
         restartPolicy string =Always oneof=Always|OnFailure|Never -- What happens when containers end.
         runtimeClassName string -- The container runtime to use.
         schedulerName string =default-scheduler -- Who chooses the node.
         schedulingGates []PodSchedulingGate key=name -- While there are any the pod is not scheduled.
         securityContext PodSecurityContext
         serviceAccount string -- The old name of serviceAccountName.
         serviceAccountName string -- Whose rights the pod has.
         setHostnameAsFQDN bool -- Use the fully qualified name as host name.
         shareProcessNamespace bool -- Containers see each other's processes.
         subdomain string -- Subdomain of the pod's name.
         terminationGracePeriodSeconds int =30 -- Seconds the pod has to end by itself.
         tolerations []Toleration -- Taints of nodes that do not matter to this pod.
         topologySpreadConstraints []TopologySpreadConstraint key=topologyKey,whenUnsatisfiable patch=topologyKey -- How pods are spread over failure domains.
         volumes []Volume key=name -- What containers may mount.
        Container One container: an image and how it is run.
         args []string -- Arguments of the command; the image's when empty.
         command []string -- What is run; the image's entry point when empty.
         env []EnvVar key=name -- Environment variables.
         envFrom []any -- Environment variables taken from config maps and secrets.
         image string -- Name of the image.
         imagePullPolicy string oneof=Always|IfNotPresent|Never -- When the image is pulled.
         lifecycle any -- What is run after start and before the end.
         livenessProbe Probe
         name! string -- Unique in the pod; cannot be changed.
         ports []ContainerPort key=containerPort,protocol -- Ports the container listens on.
         readinessProbe Probe
         resizePolicy []any -- How resources are changed in place.
         resources ResourceRequirements
         restartPolicy string -- Always makes an init container a side-car.
         securityContext SecurityContext
         startupProbe Probe
         stdin bool -- Keep a buffer for standard input.
         stdinOnce bool -- Close standard input after the first session.
         targetContainerName string -- For ephemeral containers: whose processes to see.
         terminationMessagePath string =/dev/termination-log -- File whose content becomes the reason of the end.
         terminationMessagePolicy string =File oneof=File|FallbackToLogsOnError -- Where that reason is taken from.
         tty bool -- Give the container a terminal.
         volumeDevices []VolumeDevice key=devicePath -- Volumes as block devices.
         volumeMounts []VolumeMount key=mountPath -- Volumes as directories.
         workingDir string -- Where the command starts.
        EnvVar An environment variable.
         name! string -- Its name.
         value string -- Its value.
         valueFrom any -- Where the value comes from instead.
        ContainerPort A port of a container.
         containerPort! int32 -- Port number in the pod.
         hostIP string -- Address of the node to bind.
         hostPort int32 -- Port of the node.
         name string -- Name by which services refer to it.
         protocol string =TCP oneof=TCP|UDP|SCTP -- Transport protocol.
        ResourceRequirements What is needed at least and allowed at most.
         claims []any -- Device claims that are used.
         limits {}quantity -- The most that may be used.
         requests {}quantity -- What is set aside on the node.
        VolumeMount A volume as a directory of a container.
         mountPath! string -- Where it appears.
         mountPropagation string -- How mounts propagate between node and container.
         name! string -- The volume.
         readOnly bool -- Whether it can only be read.
         recursiveReadOnly string -- The same for mounts inside it.
         subPath string -- Part of the volume to mount.
         subPathExpr string -- The same with variables.
        VolumeDevice A volume as a block device of a container.
         devicePath! string -- Where it appears.
         name! string -- The volume.
        Probe A check that is made again and again.
         exec any -- A command that must succeed.
         failureThreshold int32 =3 -- Failures in a row that count.
         grpc any -- A gRPC health check.
         httpGet any -- An HTTP request that must succeed.
         initialDelaySeconds int32 -- Seconds before the first check.
         periodSeconds int32 =10 -- Seconds between checks.
         successThreshold int32 =1 -- Successes in a row that count.
         tcpSocket any -- A port that must accept connections.
         terminationGracePeriodSeconds int -- Grace for a pod ended by this probe.
         timeoutSeconds int32 =1 -- Seconds a check may take.
        SecurityContext Rights and identity of a container.
         allowPrivilegeEscalation bool -- Whether a process may gain more rights than its parent.
         appArmorProfile any -- AppArmor profile.
         capabilities Capabilities
         privileged bool -- Run with the node's own rights.
         procMount string -- How /proc is mounted.
         readOnlyRootFilesystem bool -- Whether the root file system can only be read.
         runAsGroup int -- Group id of the process.
         runAsNonRoot bool -- Refuse to run as root.
         runAsUser int -- User id of the process.
         seLinuxOptions any -- SELinux label.
         seccompProfile any -- seccomp profile.
         windowsOptions any -- For Windows.
        Capabilities Linux capabilities of a container.
         add []string -- Given.
         drop []string -- Taken away.
        PodSecurityContext Rights and identity for all containers.
         appArmorProfile any -- AppArmor profile.
         fsGroup int -- Group that owns the volumes.
         fsGroupChangePolicy string -- When ownership of volumes is changed.
         runAsGroup int -- Group id of processes.
         runAsNonRoot bool -- Refuse to run as root.
         runAsUser int -- User id of processes.
         seLinuxChangePolicy string -- How volumes are relabelled.
         seLinuxOptions any -- SELinux label.
         seccompProfile any -- seccomp profile.
         supplementalGroups []int -- Further groups of processes.
         supplementalGroupsPolicy string -- How they are computed.
         sysctls []any -- Kernel parameters of the pod.
         windowsOptions any -- For Windows.
        HostAlias A line of /etc/hosts.
         ip! string -- The address.
         hostnames []string -- Its names.
        PodReadinessGate A condition readiness depends on.
         conditionType! string -- The condition.
        PodSchedulingGate Something that scheduling waits for.
         name! string -- Its name.
        Toleration A taint that does not matter.
         effect string -- NoSchedule, PreferNoSchedule, NoExecute or all.
         key string -- The taint's key; all when empty.
         operator string -- Exists or Equal.
         tolerationSeconds int -- For how long.
         value string -- The taint's value.
        TopologySpreadConstraint How evenly pods are spread.
         labelSelector LabelSelector
         matchLabelKeys []string -- Labels whose values select the pods to count.
         maxSkew! int32 -- Largest allowed difference.
         minDomains int32 -- Domains there must be.
         nodeAffinityPolicy string -- Whether node affinity counts.
         nodeTaintsPolicy string -- Whether taints count.
         topologyKey! string -- Label that makes domains.
         whenUnsatisfiable! string -- DoNotSchedule or ScheduleAnyway.
        Affinity Where the pod should and should not be.
         nodeAffinity NodeAffinity
         podAffinity PodAffinity
         podAntiAffinity PodAffinity
        NodeAffinity Wishes about nodes.
         preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm -- Wishes.
         requiredDuringSchedulingIgnoredDuringExecution NodeSelector
        PreferredSchedulingTerm A wish with a weight.
         preference! NodeSelectorTerm
         weight! int32 -- 1 to 100.
        NodeSelector Nodes that match one of the terms.
         nodeSelectorTerms! []NodeSelectorTerm -- The terms.
        NodeSelectorTerm Conditions that must all hold.
         matchExpressions []NodeSelectorRequirement -- On labels.
         matchFields []NodeSelectorRequirement -- On fields.
        NodeSelectorRequirement One condition.
         key! string -- The label or field.
         operator! string -- In, NotIn, Exists, DoesNotExist, Gt or Lt.
         values []string -- The values.
        PodAffinity Wishes about the company of other pods.
         preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm -- Wishes.
         requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm -- Demands.
        WeightedPodAffinityTerm A wish with a weight.
         podAffinityTerm! PodAffinityTerm
         weight! int32 -- 1 to 100.
        PodAffinityTerm Which pods, and how near.
         labelSelector LabelSelector
         matchLabelKeys []string -- Labels whose values must be this pod's.
         mismatchLabelKeys []string -- Labels whose values must differ.
         namespaceSelector LabelSelector
         namespaces []string -- Namespaces to look in.
         topologyKey! string -- Label that makes places.
        PodStatus What has become of the pod.
         conditions []PodCondition key=type -- Scheduled, initialized, ready.
         containerStatuses []ContainerStatus -- State of each container.
         ephemeralContainerStatuses []ContainerStatus -- State of ephemeral containers.
         hostIP string -- Address of the node.
         hostIPs []HostIP key=ip replace -- Addresses of the node.
         initContainerStatuses []ContainerStatus -- State of init containers.
         message string -- Why the pod is in this state, for people.
         nominatedNodeName string -- Node where room is being made.
         observedGeneration int -- Generation of the pod that this status is about.
         phase string oneof=Pending|Running|Succeeded|Failed|Unknown -- Where the pod is in its life.
         podIP string -- Address of the pod.
         podIPs []PodIP key=ip -- Addresses of the pod.
         qosClass string -- Guaranteed, Burstable or BestEffort.
         reason string -- Why the pod is in this state, one word.
         resize string -- State of a resize.
         resourceClaimStatuses []any -- State of device claims.
         startTime time -- When the kubelet took the pod on.
        PodCondition One aspect of a pod's state.
         lastProbeTime time -- When it was last looked at.
         lastTransitionTime time -- When it last changed.
         message string -- Why, for people.
         observedGeneration int -- Generation this was found for.
         reason string -- Why, one word.
         status! string -- True, False or Unknown.
         type! string -- Which aspect.
        PodIP An address of a pod.
         ip! string -- The address.
        HostIP An address of a node.
         ip! string -- The address.
        ContainerStatus State of a container.
         allocatedResources {}quantity -- What is set aside for it.
         allocatedResourcesStatus []any -- Health of its devices.
         containerID string -- Its id in the runtime.
         image! string -- The image that runs.
         imageID! string -- Its digest.
         lastState any -- How it ended last time.
         name! string -- Which container.
         ready! bool -- Whether it can serve.
         resources ResourceRequirements
         restartCount! int32 -- How often it was started again.
         started bool -- Whether it has started up.
         state any -- Waiting, running or terminated.
         user any -- Identity of its first process.
         volumeMounts []any -- State of its mounts.
        Binding Puts a pod on a node.
         target! ObjectReference
        """;
}
