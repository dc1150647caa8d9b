namespace Migration.Local.ApiServer;

internal static partial class BuiltInSchemaText
{
    private const string Volumes = """
        Volume Something containers can mount: a name and one source.
         awsElasticBlockStore any -- Amazon disk.
         azureDisk any -- Azure disk.
         azureFile any -- Azure file share.
         cephfs any -- Ceph file system.
         cinder any -- OpenStack disk.
         configMap ConfigMapVolumeSource
         csi any -- Volume of a CSI driver that lives with the pod.
         downwardAPI any -- Fields of the pod as files.
         emptyDir EmptyDirVolumeSource
         ephemeral any -- A claim that lives with the pod.
         fc any -- Fibre channel disk.
         flexVolume any -- Volume of an old-style driver.
         flocker any -- Flocker volume.
         gcePersistentDisk any -- Google disk.
         gitRepo any -- Git repository.
         glusterfs any -- Gluster file system.
         hostPath HostPathVolumeSource
         image ImageVolumeSource
         iscsi any -- iSCSI disk.
         name! string -- Unique in the pod.
         nfs any -- NFS export.
         persistentVolumeClaim PersistentVolumeClaimVolumeSource
         photonPersistentDisk any -- Photon disk.
         portworxVolume any -- Portworx volume.
         projected any -- Several sources in one directory.
         quobyte any -- Quobyte volume.
         rbd any -- Ceph block device.
         scaleIO any -- ScaleIO volume.
         secret SecretVolumeSource
         storageos any -- StorageOS volume.
         vsphereVolume any -- vSphere disk.
        EmptyDirVolumeSource A directory that lives with the pod.
         medium string -- Memory keeps it in RAM.
         sizeLimit quantity -- The most it may hold.
        HostPathVolumeSource A file or directory of the node.
         path! string -- Where it is.
         type string -- What must be there.
        ImageVolumeSource Files of an image.
         pullPolicy string -- When the image is pulled.
         reference string -- The image.
        ConfigMapVolumeSource Files from a config map.
         defaultMode int32 =420 -- Permissions of the files.
         items []any -- Which keys become which files.
         name string -- The config map.
         optional bool -- Whether it may be missing.
        SecretVolumeSource Files from a secret.
         defaultMode int32 =420 -- Permissions of the files.
         items []any -- Which keys become which files.
         optional bool -- Whether it may be missing.
         secretName string -- The secret.
        PersistentVolumeClaimVolumeSource A claimed volume.
         claimName! string -- The claim.
         readOnly bool -- Whether it can only be read.
        PersistentVolumeClaim A request for storage.
         spec PersistentVolumeClaimSpec
         status PersistentVolumeClaimStatus
        PersistentVolumeClaimSpec What storage is wanted.
         accessModes []string -- ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
         dataSource any -- What the volume begins with.
         dataSourceRef any -- The same, of any kind.
         resources any -- How much.
         selector LabelSelector
         storageClassName string -- What kind.
         volumeAttributesClassName string -- With which attributes.
         volumeMode string =Filesystem -- Filesystem or Block.
         volumeName string -- The volume that was bound.
        PersistentVolumeClaimStatus What became of the request.
         accessModes []string -- How it can be used.
         allocatedResourceStatuses any -- State of resizes.
         allocatedResources {}quantity -- Size being made.
         capacity {}quantity -- Size it has.
         conditions []Condition key=type -- Details.
         currentVolumeAttributesClassName string -- Attributes it has.
         modifyVolumeStatus any -- State of a change of attributes.
         phase string -- Pending, Bound or Lost.
        PersistentVolume A piece of storage.
         spec any -- Where it is and what it can.
         status any -- Whether it is bound.
        StorageClass A kind of storage.
         allowVolumeExpansion bool -- Whether volumes can grow.
         allowedTopologies []any -- Where volumes can be.
         mountOptions []string -- Options for mounting.
         parameters {}string -- For the provisioner.
         provisioner! string -- Who makes volumes.
         reclaimPolicy string =Delete -- What becomes of a volume that is not needed any more.
         volumeBindingMode string =Immediate -- When volumes are made.
        """;
}
