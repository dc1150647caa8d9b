using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>How many answers in a row count as an answer.</summary>
internal sealed class ProbeRows(Probe probe)
{
    private int _successes, _failures;

    /// <summary>What is to be believed now; null as long as there were not enough of the same.</summary>
    public bool? Count(bool success)
    {
        (_successes, _failures) = success ? (_successes + 1, 0) : (0, _failures + 1);
        if (_successes >= (probe.SuccessThreshold ?? 1))
            return true;
        return _failures >= (probe.FailureThreshold ?? 3) ? false : null;
    }
}
