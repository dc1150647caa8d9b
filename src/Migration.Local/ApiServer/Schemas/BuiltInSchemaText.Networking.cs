namespace Migration.Local.ApiServer;

internal static partial class BuiltInSchemaText
{
    private const string Networking = """
        Service A name and an address for a set of pods.
         spec ServiceSpec
         status any -- State of the load balancer.
        ServiceSpec Which pods, on which ports.
         allocateLoadBalancerNodePorts bool -- Whether load balancers get node ports.
         clusterIP string -- Address inside the cluster; None for none.
         clusterIPs []string -- The same, of both families.
         externalIPs []string -- Further addresses.
         externalName string -- Name outside the cluster that this stands for.
         externalTrafficPolicy string -- Whether traffic from outside stays on its node.
         healthCheckNodePort int32 -- Port for health checks of load balancers.
         internalTrafficPolicy string =Cluster -- Whether traffic from inside stays on its node.
         ipFamilies []string -- IPv4, IPv6.
         ipFamilyPolicy string =SingleStack -- One family or two.
         loadBalancerClass string -- Who makes the load balancer.
         loadBalancerIP string -- Address of the load balancer.
         loadBalancerSourceRanges []string -- Who may use it.
         ports []ServicePort key=port,protocol -- The ports.
         publishNotReadyAddresses bool -- Whether pods that are not ready count.
         selector {}string atomic -- Labels of the pods.
         sessionAffinity string =None -- Whether clients keep their pod.
         sessionAffinityConfig any -- For how long.
         trafficDistribution string -- Which endpoints are preferred.
         type string =ClusterIP oneof=ClusterIP|ExternalName|LoadBalancer|NodePort -- How it can be reached.
        ServicePort A port of a service.
         appProtocol string -- The protocol spoken.
         name string -- Its name.
         nodePort int32 -- Port on every node.
         port! int32 -- Port of the service.
         protocol string =TCP oneof=TCP|UDP|SCTP -- Transport protocol.
         targetPort intstr -- Port of the pods, by number or name.
        Endpoints Addresses behind a service.
         subsets []any -- Addresses and ports.
        EndpointSlice Some of the addresses behind a service.
         addressType! string -- IPv4, IPv6 or FQDN.
         endpoints []any -- The addresses.
         ports []any -- The ports.
        NetworkPolicy Which traffic pods may have.
         spec any -- The rules.
        """;

    private const string Rights = """
        Role Rights in a namespace.
         rules []any -- What is allowed.
        ClusterRole Rights everywhere.
         aggregationRule any -- Roles this one is made of.
         rules []any -- What is allowed.
        RoleBinding Gives rights in a namespace.
         roleRef! any -- The role.
         subjects []any -- Who gets it.
        ClusterRoleBinding Gives rights everywhere.
         roleRef! any -- The role.
         subjects []any -- Who gets it.
        """;
}
