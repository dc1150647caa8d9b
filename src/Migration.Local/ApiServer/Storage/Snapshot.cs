using System.Collections.Immutable;

namespace Migration.Local.ApiServer;

/// <summary>All objects of one resource as they were at a revision.</summary>
internal sealed record Snapshot(ImmutableSortedDictionary<ObjectKey, StoredObject> Objects, ulong Revision);
