namespace Migration.Local.ApiServer;

/// <summary>The built-in kinds in the notation of <see cref="SchemaText"/>.</summary>
internal static partial class BuiltInSchemaText
{
    public static string All => string.Join('\n', Metadata, Pods, Volumes, Cluster, Networking, Rights, Webhooks, Workloads);

    private const string Metadata = """
        ObjectMeta What every object carries: its name, its place, its labels, its history.
         name string -- Unique within a namespace; cannot be changed.
         generateName string -- Prefix from which the server makes a unique name when none is given.
         namespace string -- The space in which the name must be unique.
         selfLink string -- Not used any more.
         uid string -- Identity of this very object: a new object of the same name gets another.
         resourceVersion string -- Opaque number of this state of the object; writes that carry an old one are refused.
         generation int -- Counts the changes of the desired state.
         creationTimestamp time -- When the object was created.
         deletionTimestamp time -- When the object is, or was to be, gone: set once it is being deleted.
         deletionGracePeriodSeconds int -- Seconds the object was given to end.
         labels {}string -- Keys and values by which objects are selected.
         annotations {}string -- Keys and values that tools attach; not for selecting.
         ownerReferences []OwnerReference key=uid -- Objects this one belongs to: it is collected when all of them are gone.
         finalizers []string set -- Who has still something to do before the object may go.
         managedFields []any -- Which manager set which fields, by server-side apply or otherwise.
        OwnerReference An object that another one belongs to.
         apiVersion! string -- API version of the owner.
         kind! string -- Kind of the owner.
         name! string -- Name of the owner.
         uid! string -- Identity of the owner.
         controller bool -- Whether the owner is the managing controller.
         blockOwnerDeletion bool -- Whether foreground deletion of the owner waits for this object.
        LabelSelector Which objects are meant, by their labels; all conditions must hold.
         matchLabels {}string -- Labels with the values they must have.
         matchExpressions []LabelSelectorRequirement -- Further conditions.
        LabelSelectorRequirement One condition on a label.
         key! string -- The label.
         operator! string -- In, NotIn, Exists or DoesNotExist.
         values []string -- Values for In and NotIn.
        Condition One aspect of an object's state.
         type! string -- Which aspect.
         status! string -- True, False or Unknown.
         observedGeneration int -- Generation of the object that this was found for.
         lastTransitionTime time -- When status last changed.
         reason string -- Machine-readable reason, one CamelCase word.
         message string -- The same for people.
        ObjectReference Points at another object.
         apiVersion string -- Its API version.
         kind string -- Its kind.
         namespace string -- Its namespace.
         name string -- Its name.
         uid string -- Its identity.
         resourceVersion string -- The state that is meant.
         fieldPath string -- The part that is meant, when not the whole.
        LocalObjectReference Points at an object of the same namespace.
         name string -- Its name.
        """;
}
