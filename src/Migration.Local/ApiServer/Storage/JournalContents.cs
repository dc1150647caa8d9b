namespace Migration.Local.ApiServer;

/// <summary>What a journal holds: the objects, and the revision of its last change.</summary>
internal sealed record JournalContents(IReadOnlyList<(string Resource, StoredObject Object)> Objects, ulong Revision);
