namespace Migration.Kubernetes;

/// <summary>
/// Brings one object closer to what it should be. Called with nothing but its key, whatever happened: it reads, compares,
/// takes one step. Never called twice at once with one key.
/// </summary>
public interface IReconciler
{
    /// <summary>
    /// An exception means: again later, with back-off, for ever; a <see cref="TerminalException"/>: not before something changes.
    /// </summary>
    Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct);
}
