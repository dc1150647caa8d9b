namespace Migration.Local.ApiServer;

/// <summary>The object is not (any more) in the state that the writer had read.</summary>
internal sealed class RevisionConflictException(string resource, ObjectKey key) : Exception($"{resource} {key} was changed by another writer");
