using Microsoft.Extensions.Logging;

namespace Migration.Kubernetes;

/// <summary>
/// Of several candidates one works. They agree through a Lease object: its holder renews it; whoever sees it unchanged for
/// its whole duration takes it.
/// </summary>
/// <remarks>
/// Clocks of different machines are never compared: a candidate measures, on its own clock, how long <em>it</em> has seen no
/// change. The holder stops working when it could not renew for <see cref="RenewDeadline"/>, counted from before its last
/// successful request was sent: earlier than anybody else may begin. Identities must be unique among living candidates.
/// </remarks>
public sealed class LeaderLease(KubernetesClient client, ObjectKey key, string identity, ILogger logger)
{
    private readonly ResourceClient<Lease> _leases = client.For(Kinds.Leases);
    private readonly TimeProvider _time = client.Time;
    private Lease? _seen;
    private long _seenAt;

    /// <summary>How long a lease that is not renewed stays taken.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a holder works on without being able to renew; less than <see cref="Duration"/>.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often to renew, or to look whether the lease is free.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Waits for the lease, then works for as long as it is ours. Ends when the work ends or <paramref name="ct"/> fires, giving the lease
    /// back; or with a <see cref="LeadershipLostException"/>, after the work has obeyed its token.
    /// </summary>
    public async Task LeadAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        if (RenewDeadline >= Duration || RetryPeriod >= RenewDeadline)
            throw new InvalidOperationException($"lease {key}: needs RetryPeriod < RenewDeadline < Duration");
        var renewed = await AcquireAsync(ct);
        Log.LeadershipGained(logger, key, identity);
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var working = RunAsync(work, leading.Token);
        var keeping = KeepAsync(renewed, leading.Token);
        var lost = await Task.WhenAny(working, keeping) == keeping && !ct.IsCancellationRequested;
        await leading.CancelAsync();
        try
        {
            await working;
        }
        catch (OperationCanceledException) when (leading.IsCancellationRequested)
        {
            // It obeyed.
        }
        finally
        {
            await EndAsync(lost, await keeping);
        }
        ct.ThrowIfCancellationRequested();
    }

    private async Task EndAsync(bool lost, string why)
    {
        if (!lost)
        {
            await ReleaseAsync();
            return;
        }
        Log.LeadershipLost(logger, key, identity, why);
        throw new LeadershipLostException($"lease {key}: {identity} is no longer the holder: {why}");
    }

    private static async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        await Task.Yield();
        await work(ct);
    }

    /// <summary>Returns when (on our clock) the request that made us the holder was about to be sent.</summary>
    private async Task<long> AcquireAsync(CancellationToken ct)
    {
        while (true)
        {
            var start = _time.GetTimestamp();
            try
            {
                if (await TryHoldAsync(ct))
                    return start;
            }
            catch (KubernetesException e)
            {
                Log.LeaseFailed(logger, key, e.Message);
            }
            await Task.Delay(Jittered(), _time, ct);
        }
    }

    /// <summary>Renews until it cannot; returns the reason.</summary>
    private async Task<string> KeepAsync(long renewed, CancellationToken ct)
    {
        var why = "not renewed in time";
        while (true)
        {
            await Task.Delay(RetryPeriod, _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ct.IsCancellationRequested)
                return "stopped";
            var left = RenewDeadline - _time.GetElapsedTime(renewed);
            if (left <= TimeSpan.Zero)
                return why;
            using var limit = new CancellationTokenSource(left, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
            var start = _time.GetTimestamp();
            try
            {
                if (!await TryHoldAsync(both.Token))
                    return $"taken by {_seen?.Spec?.HolderIdentity}";
                renewed = start;
            }
            catch (KubernetesException e)
            {
                why = e.Message;
                Log.LeaseFailed(logger, key, e.Message);
            }
            catch (OperationCanceledException)
            {
                // Our time, or the caller, says so: the next turn decides.
            }
        }
    }

    /// <summary>Takes or renews the lease. False when somebody else has it.</summary>
    private async Task<bool> TryHoldAsync(CancellationToken ct)
    {
        if (_seen is { } mine && IsOurs(mine) && await WriteAsync(() => _leases.UpdateAsync(Taken(mine), ct)))
            return true;
        var lease = await _leases.FindAsync(key, ct);
        if (lease is null)
            return await WriteAsync(() => _leases.CreateAsync(Taken(Fresh()), ct));
        Observe(lease);
        return (IsOurs(lease) || IsFree(lease)) && await WriteAsync(() => _leases.UpdateAsync(Taken(lease), ct));
    }

    /// <summary>False when the object is not as we knew it: another candidate was faster, or it was deleted.</summary>
    private async Task<bool> WriteAsync(Func<Task<Lease>> write)
    {
        try
        {
            Observe(await write());
            return true;
        }
        catch (KubernetesException e) when (e.IsAlreadyExists || e.IsConflict || e is { IsNotFound: true, Verb: "update" })
        {
            return false;
        }
    }

    private void Observe(Lease lease)
    {
        if (_seen?.Metadata.ResourceVersion == lease.Metadata.ResourceVersion && _seen?.Metadata.Uid == lease.Metadata.Uid)
            return;
        _seen = lease;
        _seenAt = _time.GetTimestamp();
    }

    private bool IsOurs(Lease? lease) => lease?.Spec?.HolderIdentity == identity;

    private bool IsFree(Lease lease)
    {
        if (string.IsNullOrEmpty(lease.Spec?.HolderIdentity))
            return true;
        var duration = lease.Spec.LeaseDurationSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : Duration;
        return _time.GetElapsedTime(_seenAt) >= duration;
    }

    private Lease Fresh() => new() { Metadata = new ObjectMeta { Namespace = key.Namespace, Name = key.Name } };

    private Lease Taken(Lease lease)
    {
        var spec = lease.Spec ?? new LeaseSpec();
        var now = _time.GetUtcNow();
        var ours = IsOurs(lease);
        return lease with
        {
            Spec = spec with
            {
                HolderIdentity = identity,
                LeaseDurationSeconds = (int)Math.Ceiling(Duration.TotalSeconds),
                AcquireTime = ours ? spec.AcquireTime ?? now : now,
                RenewTime = now,
                LeaseTransitions = ours || spec.AcquireTime is null ? spec.LeaseTransitions ?? 0 : (spec.LeaseTransitions ?? 0) + 1,
            },
        };
    }

    /// <summary>Lets the next candidate begin at once. Done although we were told to stop; bounded, and nobody's loss when it fails.</summary>
    private async Task ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(RetryPeriod, _time);
        try
        {
            var lease = await _leases.FindAsync(key, limit.Token);
            if (!IsOurs(lease))
                return;
            await _leases.UpdateAsync(lease! with { Spec = lease.Spec! with { HolderIdentity = "", RenewTime = _time.GetUtcNow() } }, limit.Token);
            Log.LeadershipReleased(logger, key, identity);
        }
        catch (Exception e) when (e is KubernetesException or OperationCanceledException)
        {
            Log.LeaseFailed(logger, key, e.Message);
        }
    }

    private TimeSpan Jittered() => RetryPeriod * (1 + (Random.Shared.NextDouble() * 0.2));
}
