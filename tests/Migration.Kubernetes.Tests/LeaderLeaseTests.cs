using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Testing;

namespace Migration.Kubernetes.Tests;

/// <summary>Two candidates, each with a clock of its own. The clocks move in steps, and only while both candidates sleep.</summary>
public sealed class LeaderLeaseTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit = new(ScriptedServer.Limit);
    private readonly ConcurrentQueue<string> _history = new();
    private readonly List<Candidate> _candidates = [];
    private LeaseServer _server = null!;

    private CancellationToken Ct => _limit.Token;

    public async ValueTask DisposeAsync()
    {
        foreach (var candidate in _candidates)
            await candidate.DisposeAsync();
        await _server.DisposeAsync();
        _limit.Dispose();
    }

    [Fact]
    public async Task The_first_leads_the_second_waits_and_follows_when_the_first_steps_down()
    {
        _server = await LeaseServer.StartAsync();
        var a = Start("a");
        await a.AsleepAsync(Ct);
        var b = Start("b");
        await b.AsleepAsync(Ct);
        for (var i = 0; i < 20; i++)
            await StepAsync(a, b);
        Assert.Equal(["a leads"], _history);

        await a.StopAsync();
        Assert.Equal("", _server.Holder);
        await StepAsync(b);

        Assert.Equal(["a leads", "a ended", "b leads"], _history);
        Assert.Equal(("b", 1), (_server.Holder, _server.Transitions));
    }

    [Fact]
    public async Task One_that_cannot_renew_stops_before_another_begins_however_wrong_the_clocks_are()
    {
        _server = await LeaseServer.StartAsync();
        var a = Start("a");
        await a.AsleepAsync(Ct);
        var b = Start("b", new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await b.AsleepAsync(Ct);
        for (var i = 0; i < 5; i++)
            await StepAsync(a, b);

        _server.Failing = "a";
        var steps = 0;
        while (_history.Count < 2)
        {
            await StepAsync(a.IsOver ? [b] : [a, b]);
            steps++;
        }
        Assert.Equal(["a leads", "a ended"], _history);
        // 11 seconds in steps of 2.5.
        Assert.InRange(steps, 4, 6);
        await Assert.ThrowsAsync<LeadershipLostException>(() => a.Running);
        while (_history.Count < 3)
            await StepAsync(b);

        Assert.Equal(["a leads", "a ended", "b leads"], _history);
    }

    [Fact]
    public async Task A_short_outage_costs_nobody_the_lease()
    {
        _server = await LeaseServer.StartAsync();
        var a = Start("a");
        await a.AsleepAsync(Ct);
        var b = Start("b");
        await b.AsleepAsync(Ct);
        for (var i = 0; i < 12; i++)
        {
            // Two steps of 2.5 seconds without an answer; the third renews at 7.5 seconds at the latest, of the 10 there are.
            _server.Failing = i % 4 < 2 ? "a" : null;
            await StepAsync(a, b);
        }

        Assert.Equal(["a leads"], _history);
        Assert.Equal("a", _server.Holder);
    }

    [Fact]
    public async Task A_lease_that_was_deleted_is_made_again_by_its_holder()
    {
        _server = await LeaseServer.StartAsync();
        var a = Start("a");
        await a.AsleepAsync(Ct);
        _server.Delete();

        await StepAsync(a);

        Assert.Equal(["a leads"], _history);
        Assert.Equal("a", _server.Holder);
    }

    [Fact]
    public async Task A_holder_whose_process_died_and_came_back_goes_on_at_once()
    {
        _server = await LeaseServer.StartAsync();
        var a = Start("a");
        await a.AsleepAsync(Ct);
        _server.Failing = "a";
        await a.StopAsync();
        Assert.Equal("a", _server.Holder);
        _server.Failing = null;

        var again = Start("a");
        await again.AsleepAsync(Ct);

        Assert.Equal(["a leads", "a ended", "a leads"], _history);
        Assert.Equal(0, _server.Transitions);
    }

    [Fact]
    public async Task Work_that_fails_gives_the_lease_back_and_says_why()
    {
        _server = await LeaseServer.StartAsync();
        using var client = _server.Client("a", TimeProvider.System);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new LeaderLease(client, LeaseServer.Key, "a", NullLogger.Instance).LeadAsync(_ => throw new InvalidOperationException("broken"), Ct));

        Assert.Equal("broken", error.Message);
        Assert.Equal("", _server.Holder);
    }

    [Fact]
    public async Task Work_that_ends_ends_the_leading()
    {
        _server = await LeaseServer.StartAsync();
        using var client = _server.Client("a", TimeProvider.System);

        await new LeaderLease(client, LeaseServer.Key, "a", NullLogger.Instance).LeadAsync(_ => Task.CompletedTask, Ct);

        Assert.Equal("", _server.Holder);
    }

    private Candidate Start(string name, DateTimeOffset? clock = null)
    {
        var candidate = new Candidate(name, _server, new ManualTime(clock), _history);
        _candidates.Add(candidate);
        return candidate;
    }

    /// <summary>Moves the clocks of sleeping candidates by one period, and waits until they sleep again or are through.</summary>
    private async Task StepAsync(params Candidate[] candidates)
    {
        foreach (var candidate in candidates)
            candidate.Time.Advance(Candidate.Step);
        foreach (var candidate in candidates)
            await candidate.AsleepAsync(Ct);
    }

    private sealed class Candidate : IAsyncDisposable
    {
        /// <summary>At least a retry period with its jitter.</summary>
        public static readonly TimeSpan Step = TimeSpan.FromSeconds(2.5);

        private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

        private readonly KubernetesClient _client;
        private readonly CancellationTokenSource _stop = new();

        public Candidate(string name, LeaseServer server, ManualTime time, ConcurrentQueue<string> history)
        {
            Time = time;
            _client = server.Client(name, time);
            var lease = new LeaderLease(_client, LeaseServer.Key, name, NullLogger.Instance)
            {
                Duration = TimeSpan.FromSeconds(15),
                // Never a multiple of the step: what is left of it is no sleep of a period.
                RenewDeadline = TimeSpan.FromSeconds(11),
                RetryPeriod = Period,
            };
            Running = lease.LeadAsync(async ct =>
            {
                history.Enqueue($"{name} leads");
                await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                history.Enqueue($"{name} ended");
            }, _stop.Token);
        }

        public ManualTime Time { get; }

        public Task Running { get; }

        public bool IsOver => Running.IsCompleted;

        public async Task AsleepAsync(CancellationToken ct)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var asleep = Time.UntilSetAsync(Period, Period * 1.2, over.Token);
            await Task.WhenAny(asleep, Running);
            await over.CancelAsync();
            await asleep.ContinueWith(_ => { }, TaskScheduler.Default);
            ct.ThrowIfCancellationRequested();
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Running.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _client.Dispose();
            _stop.Dispose();
        }
    }
}
