namespace Migration.Local.ApiServer;

/// <summary>The built-in kinds in the notation of <see cref="SchemaText"/>.</summary>
internal static partial class BuiltInSchemaText
{
    public static string All => string.Join('\n', Metadata);

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
        """;
}
