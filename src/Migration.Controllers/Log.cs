using Microsoft.Extensions.Logging;
using Migration.Kubernetes;

namespace Migration.Controllers;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Reached node {Node}: {Machines} machines")]
    public static partial void NodeReached(ILogger log, string node, int machines);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Lost node {Node}: {Reason}")]
    public static partial void NodeLost(ILogger log, string node, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Lost the feed of migration {Migration} from node {Node}: {Reason}")]
    public static partial void FeedLost(ILogger log, ObjectKey migration, string node, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Virtual machine {Machine} is gone")]
    public static partial void VirtualMachineGone(ILogger log, ObjectKey machine);

    [LoggerMessage(Level = LogLevel.Information, Message = "Made instance {Instance} of its virtual machine")]
    public static partial void InstanceMade(ILogger log, ObjectKey instance);

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted instance {Instance}: {Reason}")]
    public static partial void InstanceEnded(ILogger log, ObjectKey instance, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Instance {Instance} is {Phase}")]
    public static partial void InstancePhase(ILogger log, ObjectKey instance, string phase);

    [LoggerMessage(Level = LogLevel.Information, Message = "Instance {Instance} is gone")]
    public static partial void InstanceGone(ILogger log, ObjectKey instance);

    [LoggerMessage(Level = LogLevel.Information, Message = "Created pod {Pod} for {Owner}")]
    public static partial void PodCreated(ILogger log, ObjectKey pod, ObjectKey owner);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pushed the plan of instance {Instance} to node {Node} as machine {Machine}")]
    public static partial void MachineEnsured(ILogger log, ObjectKey instance, string node, string machine);

    [LoggerMessage(Level = LogLevel.Information, Message = "Networks beside the cluster's are attached by {Attacher}")]
    public static partial void NetworksAttachedBy(ILogger log, string attacher);

    [LoggerMessage(Level = LogLevel.Information, Message = "Plugged interface {Interface} of instance {Instance} on node {Node}")]
    public static partial void InterfacePlugged(ILogger log, string @interface, ObjectKey instance, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "Unplugged interface {Interface} of instance {Instance} on node {Node}")]
    public static partial void InterfaceUnplugged(ILogger log, string @interface, ObjectKey instance, string node);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Asked node {Node} to delete machine {Machine}")]
    public static partial void MachineDeleted(ILogger log, string machine, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "Migration {Migration} is {Phase}")]
    public static partial void MigrationPhase(ILogger log, ObjectKey migration, string phase);

    [LoggerMessage(Level = LogLevel.Information, Message = "Started migration {Migration} from node {Source} to node {Target}")]
    public static partial void MigrationStarted(ILogger log, ObjectKey migration, string source, string target);

    [LoggerMessage(Level = LogLevel.Information, Message = "Cancelled migration {Migration} too late: {Reason}")]
    public static partial void CancelTooLate(ILogger log, ObjectKey migration, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Settled migration {Migration}")]
    public static partial void MigrationSettled(ILogger log, ObjectKey migration);

    [LoggerMessage(Level = LogLevel.Information, Message = "Could not tell node {Node} to forget migration {Migration}: {Reason}")]
    public static partial void ReleaseDelayed(ILogger log, ObjectKey migration, string node, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Denied by {Rules}: {Operation} of {Object}: {Reason}")]
    public static partial void AdmissionDenied(ILogger log, Admission.AdmissionEndpoint rules, string operation, ObjectKey @object, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not judge by {Rules}: {Reason}")]
    public static partial void AdmissionFailed(ILogger log, Admission.AdmissionEndpoint rules, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Served admission webhooks at {Url}")]
    public static partial void WebhooksServed(ILogger log, Uri url);

    [LoggerMessage(Level = LogLevel.Information, Message = "Took the webhooks' certificate that ends {End:u}")]
    public static partial void WebhookCertificateTaken(ILogger log, DateTime end);

    [LoggerMessage(Level = LogLevel.Information, Message = "Wrote {Configuration}: {Webhooks} webhooks")]
    public static partial void WebhooksConfigured(ILogger log, string configuration, int webhooks);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not keep the webhooks up to date: {Reason}")]
    public static partial void WebhooksDelayed(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Told node {Node} that the target of migration {Migration} is gone for good")]
    public static partial void TargetFenced(ILogger log, ObjectKey migration, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "Labelled node {Node} with what it can run: {Labels} labels")]
    public static partial void NodeLabelled(ILogger log, string node, int labels);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Could not ask node {Node} what it can run: {Reason}")]
    public static partial void NodeNotAsked(ILogger log, string node, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Created migration {Migration}: instance {Instance} is to leave node {Node}")]
    public static partial void EvacuationCreated(ILogger log, ObjectKey migration, ObjectKey instance, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "Instance {Instance} is to leave node {Node}: its pod was to be evicted")]
    public static partial void EvacuationRequested(ILogger log, ObjectKey instance, string node);
}
