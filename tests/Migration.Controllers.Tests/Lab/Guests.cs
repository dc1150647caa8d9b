namespace Migration.Controllers.Tests.Lab;

/// <summary>
/// Where each guest's vCPUs run, over all scripted nodes: the referee of "at every instant at most one". A second
/// start is remembered, and fails the test at its end.
/// </summary>
internal sealed class Guests
{
    /// <summary>Protects everything below.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _running = [];
    private readonly Dictionary<string, int> _boots = [];
    private readonly List<string> _violations = [];

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_gate)
                return [.. _violations];
        }
    }

    /// <summary>How often the guest was booted, arrivals not counted.</summary>
    public int Boots(string instanceUid)
    {
        lock (_gate)
            return _boots.GetValueOrDefault(instanceUid);
    }

    public string? WhereRuns(string instanceUid)
    {
        lock (_gate)
            return _running.GetValueOrDefault(instanceUid);
    }

    public void Boot(string instanceUid, string machine)
    {
        lock (_gate)
        {
            _boots[instanceUid] = _boots.GetValueOrDefault(instanceUid) + 1;
            RunLocked(instanceUid, machine);
        }
    }

    public void Resume(string instanceUid, string machine)
    {
        lock (_gate)
            RunLocked(instanceUid, machine);
    }

    public void Stop(string instanceUid, string machine)
    {
        lock (_gate)
        {
            if (_running.GetValueOrDefault(instanceUid) == machine)
                _running.Remove(instanceUid);
        }
    }

    private void RunLocked(string instanceUid, string machine)
    {
        if (_running.TryGetValue(instanceUid, out var where) && where != machine)
            _violations.Add($"guest {instanceUid} was started in machine {machine} while it ran in machine {where}");
        _running[instanceUid] = machine;
    }
}
