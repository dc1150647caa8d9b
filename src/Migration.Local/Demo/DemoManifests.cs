namespace Migration.Local.Demo;

/// <summary>What the demo applies, as a user would write it.</summary>
public static class DemoManifests
{
    public const string GuestName = "guest";
    public const string PeerName = "peer";
    public const string MigrationName = "move";
    public const int MemoryMiB = 512;

    public static string Guest => $$"""
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
}
