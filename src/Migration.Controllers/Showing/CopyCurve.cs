namespace Migration.Controllers.Showing;

/// <summary>How a copy went, as the source told it while it went: what the live page draws.</summary>
public sealed class CopyCurve
{
    /// <summary>A copy of any length is this many points at most: when they are reached, every second one is dropped.</summary>
    public const int Limit = 400;

    private readonly Lock _gate = new();
    private readonly List<CopyPoint> _points = [];
    private int _stride = 1;
    private int _skipped;

    /// <summary>Seconds from the start to the guest's stop, once it stopped.</summary>
    public double? StoppedAt { get; private set; }

    public void Add(CopyPoint point, double? stoppedAt)
    {
        lock (_gate)
        {
            StoppedAt ??= stoppedAt;
            if (++_skipped < _stride && stoppedAt is null)
                return;
            _skipped = 0;
            _points.Add(point);
            if (_points.Count >= Limit)
                Thin();
        }
    }

    public IReadOnlyList<CopyPoint> Points()
    {
        lock (_gate)
            return [.. _points];
    }

    private void Thin()
    {
        _stride *= 2;
        for (var index = _points.Count - 2; index > 0; index -= 2)
            _points.RemoveAt(index);
    }
}
