using Migration.Protos;

namespace Migration.Controllers.Showing;

/// <summary>The curves of the copies that were followed last, by the UID of the migration. The leader follows them; others have none.</summary>
public sealed class CopyCurves(TimeProvider time)
{
    private const int Remembered = 200;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, CopyCurve> _curves = [];
    private readonly Queue<string> _order = [];

    /// <summary>Something was added to some curve.</summary>
    public event Action? Changed;

    public CopyCurve? Find(string uid)
    {
        lock (_gate)
            return _curves.GetValueOrDefault(uid);
    }

    public void Add(MigrationState state)
    {
        if (state.Progress is not { } progress || state.Started is null)
            return;
        var now = state.Ended ?? state.StoppedAt;
        var started = state.Started.ToDateTime();
        var curve = CurveOf(state.Id);
        var seconds = ((now?.ToDateTime() ?? time.GetUtcNow().UtcDateTime) - started).TotalSeconds;
        curve.Add(
            new CopyPoint(Math.Max(0, seconds), (long)progress.RemainingBytes, progress.BytesPerSecond, progress.DirtyBytesPerSecond),
            state.StoppedAt is { } stopped ? Math.Max(0, (stopped.ToDateTime() - started).TotalSeconds) : null);
        Changed?.Invoke();
    }

    private CopyCurve CurveOf(string uid)
    {
        lock (_gate)
        {
            if (_curves.TryGetValue(uid, out var known))
                return known;
            _order.Enqueue(uid);
            if (_order.Count > Remembered)
                _curves.Remove(_order.Dequeue());
            return _curves[uid] = new CopyCurve();
        }
    }
}
