namespace Migration.Local.Demo;

/// <summary>What the demo applies, as a user would write it.</summary>
public static class DemoManifests
{
    public const string GuestName = "guest";
    public const string PeerName = "peer";
    public const string MigrationName = "move";
    public const string LanName = "lan";
    public const int MemoryMiB = 512;

    /// <summary>The guest with a NIC on the pod network, and one on each of these.</summary>
    public static string Guest(params string[] networks) => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachineInstance
        metadata:
          name: {{GuestName}}
        spec:
          terminationGracePeriodSeconds: 5
          domain:
            memory:
              guest: {{MemoryMiB}}Mi
            devices:
              interfaces:
              - name: default
                bridge: {}
        {{Nics(networks)}}
            firmware:
              kernelBoot:
                container:
                  image: migration/guest
                  kernelPath: /boot/vmlinuz
                  initrdPath: /boot/initrd.gz
                kernelArgs: console=ttyS0 quiet no_timer_check
          networks:
          - name: default
            pod: {}
        {{Networks(networks)}}
        """;

    /// <summary>
    /// A bridge network by Debian's plugins on the LAN between the nodes. The nodes of an embedded cluster share a file system, so
    /// host-local's directory makes addresses unique in the whole cluster.
    /// </summary>
    public static string Lan(string addresses) => $$"""
        apiVersion: k8s.cni.cncf.io/v1
        kind: NetworkAttachmentDefinition
        metadata:
          name: {{LanName}}
        spec:
          config: |
            {
              "cniVersion": "1.0.0",
              "name": "lan",
              "type": "bridge",
              "bridge": "lan",
              "ipam": {
                "type": "host-local",
                "dataDir": "{{addresses}}",
                "ranges": [
                  [{"subnet": "10.60.0.0/24", "rangeStart": "10.60.0.10", "rangeEnd": "10.60.0.200"}],
                  [{"subnet": "fd60::/64", "rangeStart": "fd60::10", "rangeEnd": "fd60::200"}]
                ]
              }
            }
        """;

    public static string Peer => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{PeerName}}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 0
          containers:
          - name: peer
            image: busybox
            command: ["sleep", "infinity"]
        """;

    public static string Migration => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachineInstanceMigration
        metadata:
          name: {{MigrationName}}
        spec:
          vmiName: {{GuestName}}
        """;

    private static string Nics(string[] networks) => string.Join('\n', networks.Select(name => "      - {name: " + name + ", bridge: {}}"));

    private static string Networks(string[] networks) => string.Join('\n', networks.Select(name => "  - {name: " + name + ", multus: {networkName: " + name + "}}"));
}
