namespace Migration.Local.ApiServer;

/// <summary>One step of the store's history: what an object was and what it became.</summary>
/// <param name="Resource">Storage name of the resource, for instance <c>pods</c>.</param>
/// <param name="Revision">Revision the change made.</param>
/// <param name="Before">State before, null for a creation.</param>
/// <param name="After">State after. For a removal it is the last state, carrying the removal's own revision.</param>
internal sealed record Change(string Resource, ulong Revision, StoredObject? Before, StoredObject After, bool Removed);
