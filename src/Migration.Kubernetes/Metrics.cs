using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Migration.Kubernetes;

/// <summary>What the runtime measures, under the meter <c>Migration.Kubernetes</c>. Known label values begin at 0.</summary>
internal static class Metrics
{
    private static readonly Meter Meter = new("Migration.Kubernetes");
    private static readonly ConcurrentDictionary<object, Func<(long Value, string Name)>> Depths = new();
    private static readonly ConcurrentDictionary<object, Func<(int Objects, double Staleness, string Kind)>> Informers = new();

    private static readonly Counter<long> Adds =
        Meter.CreateCounter<long>("migration.queue.adds", "{key}", "Keys added to a work queue, repeats left out");
    private static readonly Counter<long> Retries =
        Meter.CreateCounter<long>("migration.queue.retries", "{key}", "Keys that come back after a failure");
    private static readonly Histogram<double> Waits =
        Meter.CreateHistogram<double>("migration.queue.wait", "s", "Time from being added to being taken");
    private static readonly Counter<long> Reconciles =
        Meter.CreateCounter<long>("migration.reconcile", "{reconciliation}", "Reconciliations by outcome");
    private static readonly Histogram<double> Durations =
        Meter.CreateHistogram<double>("migration.reconcile.duration", "s", "Time of a reconciliation");
    private static readonly Counter<long> Watches =
        Meter.CreateCounter<long>("migration.watch.ended", "{stream}", "Watch streams that ended, by reason");
    private static readonly Counter<long> UnreadableObjects =
        Meter.CreateCounter<long>("migration.informer.unreadable", "{object}", "Objects that are not what their kind says");
    private static readonly Counter<long> Events = Meter.CreateCounter<long>("migration.events", "{event}", "Events written, by type");
    private static readonly Counter<long> DroppedEvents =
        Meter.CreateCounter<long>("migration.events.dropped", "{event}", "Events that could not be written");
    private static readonly Histogram<double> Requests =
        Meter.CreateHistogram<double>("migration.api.request.duration", "s", "Time of a request to the API server, by verb and status");

    static Metrics()
    {
        Meter.CreateObservableGauge("migration.queue.depth",
            () => Depths.Values.Select(depth => depth()).Select(depth => new Measurement<long>(depth.Value, Tag("queue", depth.Name))),
            "{key}", "Keys that want to run now");
        Meter.CreateObservableGauge("migration.informer.objects",
            () => Informers.Values.Select(informer => informer()).Select(informer => new Measurement<int>(informer.Objects, Tag("kind", informer.Kind))),
            "{object}", "Objects in an informer's store");
        Meter.CreateObservableGauge("migration.informer.staleness",
            () => Informers.Values.Select(informer => informer()).Select(informer => new Measurement<double>(informer.Staleness, Tag("kind", informer.Kind))),
            "s", "Time since the server was last heard");
    }

    public static void Declare(WorkQueue queue)
    {
        Depths[queue] = () => (queue.Depth, queue.Name);
        Adds.Add(0, Tag("queue", queue.Name));
        Retries.Add(0, Tag("queue", queue.Name));
    }

    public static void Declare(string controller)
    {
        foreach (var outcome in (string[])["done", "again", "failed", "conflict", "terminal"])
            Reconciles.Add(0, Tag("controller", controller), Tag("outcome", outcome));
    }

    public static void Declare<T>(Informer<T> informer)
        where T : KubernetesObject
    {
        Informers[informer] = () => (informer.Store.Count, informer.Staleness.TotalSeconds, informer.KindName);
        Watches.Add(0, Tag("kind", informer.KindName), Tag("reason", "ended"));
        UnreadableObjects.Add(0, Tag("kind", informer.KindName));
    }

    public static void Forget(WorkQueue queue) => Depths.TryRemove(queue, out _);

    public static void Forget<T>(Informer<T> informer)
        where T : KubernetesObject => Informers.TryRemove(informer, out _);

    public static void Added(WorkQueue queue) => Adds.Add(1, Tag("queue", queue.Name));

    public static void Retried(WorkQueue queue) => Retries.Add(1, Tag("queue", queue.Name));

    public static void Waited(WorkQueue queue, TimeSpan wait) => Waits.Record(wait.TotalSeconds, Tag("queue", queue.Name));

    public static void Reconciled(string controller, string outcome, TimeSpan duration)
    {
        Reconciles.Add(1, Tag("controller", controller), Tag("outcome", outcome));
        Durations.Record(duration.TotalSeconds, Tag("controller", controller));
    }

    public static void WatchEnded(string kind, string reason) => Watches.Add(1, Tag("kind", kind), Tag("reason", reason));

    public static void Unreadable(string kind) => UnreadableObjects.Add(1, Tag("kind", kind));

    public static void Event(string type) => Events.Add(1, Tag("type", type));

    public static void EventDropped() => DroppedEvents.Add(1);

    public static void Requested(string verb, string status, TimeSpan duration) =>
        Requests.Record(duration.TotalSeconds, Tag("verb", verb), Tag("status", status));

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
