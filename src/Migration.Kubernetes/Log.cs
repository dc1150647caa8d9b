using Microsoft.Extensions.Logging;

namespace Migration.Kubernetes;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Started {Controller} with {Workers} workers")]
    public static partial void ControllerStarted(ILogger logger, string controller, int workers);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped {Controller}")]
    public static partial void ControllerStopped(ILogger logger, string controller);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Controller} {Key} failed, again in {Wait:0.###} s: {Reason}")]
    public static partial void ReconcileFailed(ILogger logger, string controller, ObjectKey key, string reason, double wait, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Controller} {Key} failed for good: {Reason}")]
    public static partial void ReconcileGaveUp(ILogger logger, string controller, ObjectKey key, string reason, Exception cause);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Controller} {Key} conflicted: {Reason}")]
    public static partial void ReconcileConflicted(ILogger logger, string controller, ObjectKey key, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Listed {Count} {Kind}")]
    public static partial void InformerSynced(ILogger logger, string kind, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the watch on {Kind}, again in {Wait:0.###} s: {Reason}")]
    public static partial void WatchFailed(ILogger logger, string kind, string reason, double wait);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to follow {Kind} by a mistake of ours, starts over in {Wait:0.###} s")]
    public static partial void InformerFailed(ILogger logger, string kind, double wait, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "Ignored {Kind} {Key}, which cannot be read: {Reason}")]
    public static partial void ObjectUnreadable(ILogger logger, string kind, ObjectKey key, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Took the lease {Lease} as {Identity}")]
    public static partial void LeadershipGained(ILogger logger, ObjectKey lease, string identity);

    [LoggerMessage(Level = LogLevel.Information, Message = "Gave the lease {Lease} back as {Identity}")]
    public static partial void LeadershipReleased(ILogger logger, ObjectKey lease, string identity);

    [LoggerMessage(Level = LogLevel.Error, Message = "Lost the lease {Lease} as {Identity}: {Reason}")]
    public static partial void LeadershipLost(ILogger logger, ObjectKey lease, string identity, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lease {Lease} could not be read or written: {Reason}")]
    public static partial void LeaseFailed(ILogger logger, ObjectKey lease, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Dropped the event {EventReason} of {Kind} {Name} ({Text}): {Reason}")]
    public static partial void EventDropped(ILogger logger, string kind, string name, string eventReason, string text, string reason);
}
