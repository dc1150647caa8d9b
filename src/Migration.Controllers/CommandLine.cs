using System.Globalization;
using System.Net;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Controllers.Migrations;
using Migration.Controllers.Networks;
using Migration.Kubernetes;

namespace Migration.Controllers;

/// <summary>The program's flags: "--name value" or "--name=value".</summary>
public static class CommandLine
{
    public const string Usage = """
        migration-controllers --certificates DIR [--kubeconfig PATH] [--node-port 7411] [--namespace migration-system]
                              [--identity NAME] [--launcher-image IMAGE] [--http-listen IP:9090] [--multus auto|external|builtin]
                              [--namespace-isolation true|false] [--global-namespaces default,…]
                              [--parallel-migrations 5] [--parallel-outbound 2] [--parallel-inbound 4]
                              [--bandwidth-per-migration 0] [--completion-timeout-per-gib 150]
                              [--allow-auto-converge true|false] [--allow-workload-disruption true|false]
                              [--drain-taint kubevirt.io/drain]
                              [--eviction-strategy None|LiveMigrate|LiveMigrateIfPossible|External]
                              [--webhook-listen ADDRESS:PORT] [--webhook-url https://HOST:PORT]
        """;

    /// <exception cref="FormatException">A flag is unknown, incomplete or out of range; the message names it.</exception>
    public static ControllerOptions Parse(IReadOnlyList<string> arguments)
    {
        var given = Flags(arguments);
        var options = new ControllerOptions
        {
            Certificates = given.Remove("--certificates", out var certificates) ? certificates : throw new FormatException("--certificates is required"),
            Kubeconfig = given.Remove("--kubeconfig", out var kubeconfig) ? kubeconfig : null,
            Identity = given.Remove("--identity", out var identity) ? identity : Environment.MachineName,
        };
        if (given.Remove("--node-port", out var port))
            options = options with { NodePort = Port(port) };
        if (given.Remove("--namespace", out var name))
            options = options with { Namespace = name };
        if (given.Remove("--launcher-image", out var image))
            options = options with { LauncherImage = image };
        if (given.Remove("--http-listen", out var http))
            options = options with { HttpListen = IPEndPoint.TryParse(http, out var address) ? address : throw new FormatException($"--http-listen: '{http}' is not an address and port such as 10.10.0.1:9090") };
        if (given.Remove("--eviction-strategy", out var strategy))
            options = options with { EvictionStrategy = EvictionStrategy.IsKnown(strategy) ? strategy : throw new FormatException($"--eviction-strategy: '{strategy}' is none of None, LiveMigrate, LiveMigrateIfPossible, External") };
        options = options with { Limits = Limits(given), Networks = Networks(given), Webhooks = Webhooks(given) };
        return given.Count == 0 ? options : throw new FormatException($"{given.Keys.First()}: no such flag");
    }

    private static MigrationLimits Limits(Dictionary<string, string> given)
    {
        var limits = new MigrationLimits();
        return limits with
        {
            ParallelPerCluster = Count(given, "--parallel-migrations") ?? limits.ParallelPerCluster,
            OutboundPerNode = Count(given, "--parallel-outbound") ?? limits.OutboundPerNode,
            InboundPerNode = Count(given, "--parallel-inbound") ?? limits.InboundPerNode,
            Copy = limits.Copy with
            {
                NodeDrainTaintKey = given.Remove("--drain-taint", out var taint) ? taint : limits.Copy.NodeDrainTaintKey,
                BandwidthPerMigration = Bandwidth(given) ?? limits.Copy.BandwidthPerMigration,
                CompletionTimeoutPerGiB = Count(given, "--completion-timeout-per-gib") ?? limits.Copy.CompletionTimeoutPerGiB,
                AllowAutoConverge = Flag(given, "--allow-auto-converge") ?? limits.Copy.AllowAutoConverge,
                AllowWorkloadDisruption = Flag(given, "--allow-workload-disruption") ?? limits.Copy.AllowWorkloadDisruption,
            },
        };
    }

    private static int? Count(Dictionary<string, string> given, string flag)
    {
        if (!given.Remove(flag, out var text))
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 ? count : throw new FormatException($"{flag}: '{text}' is not a whole number above 0");
    }

    private static bool? Flag(Dictionary<string, string> given, string flag)
    {
        if (!given.Remove(flag, out var text))
            return null;
        return bool.TryParse(text, out var value) ? value : throw new FormatException($"{flag}: '{text}' is neither true nor false");
    }

    private static Quantity? Bandwidth(Dictionary<string, string> given)
    {
        if (!given.Remove("--bandwidth-per-migration", out var text))
            return null;
        return Quantity.TryParse(text, out var bandwidth) && bandwidth.Amount >= 0 ? bandwidth : throw new FormatException($"--bandwidth-per-migration: '{text}' is not a number of bytes per second such as 0 or 64Mi");
    }

    private static AttachmentPolicy Networks(Dictionary<string, string> given)
    {
        var policy = new AttachmentPolicy();
        if (given.Remove("--multus", out var mode))
            policy = policy with { Multus = Mode(mode) };
        if (given.Remove("--namespace-isolation", out var isolation))
            policy = policy with { IsIsolated = bool.TryParse(isolation, out var isolated) ? isolated : throw new FormatException($"--namespace-isolation: '{isolation}' is neither true nor false") };
        if (given.Remove("--global-namespaces", out var namespaces))
            policy = policy with { GlobalNamespaces = namespaces.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) };
        return policy;
    }

    private static WebhookOptions? Webhooks(Dictionary<string, string> given)
    {
        var isServed = given.Remove("--webhook-listen", out var listen);
        var isElsewhere = given.Remove("--webhook-url", out var text);
        if (!isServed)
            return isElsewhere ? throw new FormatException("--webhook-url: given without --webhook-listen") : null;
        if (!IPEndPoint.TryParse(listen!, out var endpoint) || endpoint.Port == 0)
            throw new FormatException($"--webhook-listen: '{listen}' is not an address and port, e.g. 0.0.0.0:9443");
        if (!isElsewhere)
            return new WebhookOptions(endpoint, Url: null);
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "https", AbsolutePath: "/", Query: "", Fragment: "" }
            ? new WebhookOptions(endpoint, url)
            : throw new FormatException($"--webhook-url: '{text}' is not such as https://10.77.0.1:9443");
    }

    private static MultusMode Mode(string text) => text switch
    {
        "auto" => MultusMode.Auto,
        "external" => MultusMode.External,
        "builtin" => MultusMode.BuiltIn,
        _ => throw new FormatException($"--multus: '{text}' is none of auto, external, builtin"),
    };

    private static Dictionary<string, string> Flags(IReadOnlyList<string> arguments)
    {
        var given = new Dictionary<string, string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, value) = arguments[i].Split('=', 2) is [var left, var right] ? (left, right) : (arguments[i], i + 1 < arguments.Count ? arguments[++i] : "");
            if (!name.StartsWith("--", StringComparison.Ordinal))
                throw new FormatException($"'{name}' is not a flag");
            if (value.Length == 0)
                throw new FormatException($"{name}: a value is missing");
            if (!given.TryAdd(name, value))
                throw new FormatException($"{name} is given twice");
        }
        return given;
    }

    private static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new FormatException($"--node-port: '{text}' is not a port");
}
