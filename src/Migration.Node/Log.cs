using Microsoft.Extensions.Logging;
using Migration.Node.Networks;

namespace Migration.Node;

/// <summary>Everything the node says about itself, one line per completed fact.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Node {Name} serves {Listen}, data at {DataListen}, socket {Socket}; QEMU {Qemu}")]
    public static partial void Started(ILogger log, string name, string listen, string dataListen, string socket, string qemu);

    [LoggerMessage(LogLevel.Information, "Stopped; guests run on")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(LogLevel.Warning, "Set aside {Path}: {Reason}")]
    public static partial void RecordUnreadable(ILogger log, string path, string reason);

    [LoggerMessage(LogLevel.Error, "{Method} failed")]
    public static partial void CallFailed(ILogger log, string method, Exception failure);

    [LoggerMessage(LogLevel.Debug, "{Method} refused: {Reason}")]
    public static partial void CallRefused(ILogger log, string method, string reason);

    [LoggerMessage(LogLevel.Warning, "Turned away data connection from {Peer}: {Reason}")]
    public static partial void DataConnectionRefused(ILogger log, string peer, string reason);

    [LoggerMessage(LogLevel.Information, "Attached {Key}: {Tap} and {PodInterface} are joined ({Binding}, {Wiring}), guest {Mac} {Addresses}")]
    public static partial void Attached(ILogger log, string key, string tap, string podInterface, BindingKind binding, Wiring wiring, string mac, string addresses);

    [LoggerMessage(LogLevel.Information, "Bound {Key} as the annotation of pod {Pod} says: its plan is not here yet")]
    public static partial void BoundByAnnotation(ILogger log, string key, string pod);

    [LoggerMessage(LogLevel.Warning, "The annotation of pod {Pod} says what only a plan may, ignored: {Fields}")]
    public static partial void AnnotationIgnored(ILogger log, string pod, string fields);

    [LoggerMessage(LogLevel.Warning, "{Key} stays bound as its pod's annotation said, not as planned: {Reason}")]
    public static partial void NotSettled(ILogger log, string key, string reason);

    [LoggerMessage(LogLevel.Warning, "{Key} is detached, but not everything of it is gone yet: {Reason}")]
    public static partial void NotFinished(ILogger log, string key, string reason);

    [LoggerMessage(LogLevel.Information, "Followed the pod NIC of {Key} to MTU {Mtu}")]
    public static partial void MtuFollowed(ILogger log, string key, int mtu);

    [LoggerMessage(LogLevel.Warning, "The pod NIC of {Key} was not followed to its new MTU: {Reason}")]
    public static partial void NicNotFollowed(ILogger log, string key, string reason);

    [LoggerMessage(LogLevel.Information, "Detached {Key}")]
    public static partial void Detached(ILogger log, string key);

    [LoggerMessage(LogLevel.Information, "Guest {Mac} took {Address}")]
    public static partial void Leased(ILogger log, string mac, string address);

    [LoggerMessage(LogLevel.Warning, "Guest {Mac} found its address in use by somebody else and declined it: {Addresses}")]
    public static partial void Declined(ILogger log, string mac, string addresses);

    [LoggerMessage(LogLevel.Warning, "DHCP at {Tap} of {Key} stopped: {Reason}")]
    public static partial void ResponderFailed(ILogger log, string tap, string key, string reason);

    [LoggerMessage(LogLevel.Warning, "Journal entry {Path} was not carried out: {Reason}")]
    public static partial void JournalEntryFailed(ILogger log, string path, string reason);

    [LoggerMessage(LogLevel.Information, "Added network {Network} as {Key}")]
    public static partial void DelegateAdded(ILogger log, string network, string key);

    [LoggerMessage(LogLevel.Information, "Deleted network {Network}, {Key}")]
    public static partial void DelegateDeleted(ILogger log, string network, string key);

    [LoggerMessage(LogLevel.Warning, "Network {Network}, {Key}: {Capability} is asked for, and no plugin of its configuration declares that capability")]
    public static partial void CapabilityNotTaken(ILogger log, string network, string key, string capability);

    [LoggerMessage(LogLevel.Warning, "A failed ADD of {Key} was not undone as a whole: {Reason}")]
    public static partial void DelegateNotUndone(ILogger log, string key, string reason);

    [LoggerMessage(LogLevel.Information, "Machine {Machine}: {Phase} {Reason}")]
    public static partial void MachinePhaseChanged(ILogger log, string machine, string phase, string reason);

    [LoggerMessage(LogLevel.Information, "Machine {Machine}: launched QEMU {Pid} as {MachineType}, {CpuModel}, {Accelerator}")]
    public static partial void MachineLaunched(ILogger log, string machine, int pid, string machineType, string cpuModel, string accelerator);

    [LoggerMessage(LogLevel.Information, "Machine {Machine}: forgotten")]
    public static partial void MachineForgotten(ILogger log, string machine);

    [LoggerMessage(LogLevel.Warning, "Machine {Machine}: {Step} did not succeed and is tried again: {Reason}")]
    public static partial void MachineStepFailed(ILogger log, string machine, string step, string reason);

    [LoggerMessage(LogLevel.Warning, "Machine {Machine}: {Step} of interface {Interface} did not succeed and is tried again: {Reason}")]
    public static partial void InterfaceStepFailed(ILogger log, string machine, string @interface, string step, string reason);

    [LoggerMessage(LogLevel.Information, "Machine {Machine}: plugged interface {Interface} into slot {Slot} as {Mac}")]
    public static partial void Plugged(ILogger log, string machine, string @interface, int slot, string mac);

    [LoggerMessage(LogLevel.Information, "Machine {Machine}: unplugged interface {Interface}")]
    public static partial void Unplugged(ILogger log, string machine, string @interface);

    [LoggerMessage(LogLevel.Error, "The loop of {Owner} stumbled and goes on")]
    public static partial void LoopStumbled(ILogger log, string owner, Exception mistake);

    [LoggerMessage(LogLevel.Information, "Migration {Migration} ({Role}): {Phase} {Reason}")]
    public static partial void MigrationPhaseChanged(ILogger log, string migration, string role, string phase, string reason);

    [LoggerMessage(LogLevel.Information, "Migration {Migration} (target): decided {Verdict} {Reason}")]
    public static partial void MigrationDecided(ILogger log, string migration, string verdict, string reason);

    [LoggerMessage(LogLevel.Warning, "Migration {Migration} ({Role}): {Step} did not succeed and is tried again: {Reason}")]
    public static partial void MigrationStepFailed(ILogger log, string migration, string role, string step, string reason);

    [LoggerMessage(LogLevel.Debug, "Migration {Migration} ({Role}): {Step}")]
    public static partial void MigrationStep(ILogger log, string migration, string role, string step);

    [LoggerMessage(LogLevel.Warning, "Nobody keeps the address of interface {Interface} any more: node {Node} says {Reason}")]
    public static partial void AddressLost(ILogger log, string @interface, string node, string reason);

    [LoggerMessage(LogLevel.Warning, "Migration {Migration}: {Trouble}")]
    public static partial void WayStaysOpen(ILogger log, string migration, string trouble);

    [LoggerMessage(LogLevel.Information, "Migration {Migration}: {Frames} frames that the guest had not read were sent after it")]
    public static partial void FramesSentAfter(ILogger log, string migration, int frames);

    [LoggerMessage(LogLevel.Information, "Migration {Migration}: the guest was made to ask for its addresses again on {Cards}")]
    public static partial void Rehomed(ILogger log, string migration, string cards);

    [LoggerMessage(LogLevel.Warning, "What may come in by stretches could not be said to the kernel: {Reason}")]
    public static partial void WaysNotAdmitted(ILogger log, string reason);
}
