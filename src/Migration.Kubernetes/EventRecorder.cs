using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Migration.Kubernetes;

/// <summary>
/// Tells people what happened to an object (<c>kubectl describe</c>). Returns at once and never fails: events are written
/// in the background, repeats are counted on one object, and what cannot be written is logged and dropped.
/// </summary>
public sealed class EventRecorder : IAsyncDisposable
{
    private const int Attempts = 4;

    /// <summary>How long a repeat is counted onto the event before it.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);
    private static readonly Backoff Backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));

    private readonly ResourceClient<Event> _events;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _component;
    private readonly string _instance;
    private readonly Channel<Happening> _happenings = Channel.CreateBounded<Happening>(new BoundedChannelOptions(1000) { SingleReader = true });
    private readonly Dictionary<Happening.Sameness, Event> _written = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _names;

    public EventRecorder(KubernetesClient client, string component, string instance, ILogger logger)
    {
        _events = client.For(Kinds.Events);
        _time = client.Time;
        _logger = logger;
        _component = component;
        _instance = instance;
        _names = _time.GetUtcNow().UtcTicks;
        _loop = RunAsync(_stop.Token);
    }

    /// <summary>How long <see cref="DisposeAsync"/> goes on writing what is still waiting.</summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Something went as it should.</summary>
    public void Normal(KubernetesObject about, string reason, string message) => Record(about, "Normal", reason, message);

    /// <summary>Something did not.</summary>
    public void Warning(KubernetesObject about, string reason, string message) => Record(about, "Warning", reason, message);

    /// <summary>Writes what is still waiting, for <see cref="Farewell"/> at most.</summary>
    public async ValueTask DisposeAsync()
    {
        _happenings.Writer.TryComplete();
        _stop.CancelAfter(Farewell);
        await _loop;
        _stop.Dispose();
    }

    private void Record(KubernetesObject about, string type, string reason, string message)
    {
        var happening = new Happening(about.AsReference() with { ResourceVersion = null }, type, reason, message, _time.GetUtcNow());
        if (!_happenings.Writer.TryWrite(happening))
            Drop(happening, "too many events at once");
    }

    private async Task RunAsync(CancellationToken ct)
    {
        try
        {
            await foreach (var happening in _happenings.Reader.ReadAllAsync(ct))
                await WriteAsync(happening, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            while (_happenings.Reader.TryRead(out var late))
                Drop(late, "stopped before it could be written");
        }
    }

    private async Task WriteAsync(Happening happening, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WriteOnceAsync(happening, ct);
                return;
            }
            catch (KubernetesException e) when (e.IsTransient && attempt < Attempts)
            {
                await Task.Delay(e.RetryAfter ?? Backoff.Jittered(attempt), _time, ct);
            }
            catch (KubernetesException e)
            {
                Drop(happening, e.Message);
                return;
            }
        }
    }

    private async Task WriteOnceAsync(Happening happening, CancellationToken ct)
    {
        ForgetOld(happening.At);
        var before = _written.GetValueOrDefault(happening.Same);
        var repeated = before is null ? null : await RepeatAsync(before, happening, ct);
        _written[happening.Same] = repeated ?? await _events.CreateAsync(ToEvent(happening), ct);
        Metrics.Event(happening.Type);
    }

    /// <summary>Null when the event expired on the server meanwhile.</summary>
    private async Task<Event?> RepeatAsync(Event before, Happening happening, CancellationToken ct)
    {
        var after = before with { Count = (before.Count ?? 1) + 1, LastTimestamp = happening.At };
        if (Patch.Between(Kinds.Events, before, after, onlyIfUnchanged: false) is not { } patch)
            return before;
        try
        {
            return await _events.PatchAsync(before.Key, patch, ct);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private void ForgetOld(DateTimeOffset now)
    {
        if (_written.Count < 1000)
            return;
        foreach (var old in _written.Where(entry => now - entry.Value.LastTimestamp > Memory).Select(entry => entry.Key).ToList())
            _written.Remove(old);
        if (_written.Count >= 4000)
            _written.Clear();
    }

    private Event ToEvent(Happening happening) => new()
    {
        Metadata = new ObjectMeta
        {
            Namespace = string.IsNullOrEmpty(happening.About.Namespace) ? "default" : happening.About.Namespace,
            Name = UniqueName(happening.About.Name ?? ""),
        },
        InvolvedObject = happening.About,
        Type = happening.Type,
        Reason = happening.Reason,
        Message = happening.Message.Length <= 1024 ? happening.Message : happening.Message[..1021] + "...",
        Source = new EventSource { Component = _component, Host = _instance },
        ReportingComponent = _component,
        ReportingInstance = _instance,
        FirstTimestamp = happening.At,
        LastTimestamp = happening.At,
        Count = 1,
    };

    private string UniqueName(string name) => $"{(name.Length <= 230 ? name : name[..230])}.{_names++:x}";

    private void Drop(Happening happening, string why)
    {
        Metrics.EventDropped();
        Log.EventDropped(_logger, happening.About.Kind ?? "", happening.About.Name ?? "", happening.Reason, happening.Message, why);
    }

    private sealed record Happening(ObjectReference About, string Type, string Reason, string Message, DateTimeOffset At)
    {
        public Sameness Same => new(About.Kind, About.Namespace, About.Name, About.Uid, Type, Reason, Message);

        public readonly record struct Sameness(string? Kind, string? Namespace, string? Name, string? Uid, string Type, string Reason, string Message);
    }
}
