namespace Migration.Local.ApiServer;

/// <summary>A list, or one page of it.</summary>
/// <param name="Continue">Token for the next page; null on the last.</param>
/// <param name="Remaining">How many follow this page; 0 when unknown because of selectors.</param>
internal sealed record ObjectPage(IReadOnlyList<StoredObject> Objects, ulong Revision, string? Continue, int Remaining);
