using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Wire = Migration.Protos;

namespace Migration.Node.Networks;

/// <summary>
/// What a pod's annotation says about binding the pod's own primary NIC, for a pod that is faster than its plan. It is the word of whoever
/// may create pods: it binds that pod's NIC and nothing else. Addresses to keep, delegates and devices come by plan alone.
/// </summary>
internal sealed record AnnotatedInterface(InterfacePlan Plan, string HostName, IReadOnlyList<string> Ignored)
{
    /// <summary>The contract's Interface as protobuf JSON.</summary>
    public const string Key = "migration.internal/interface";

    public const string PrimaryNic = "eth0";

    private const int LongestJson = 16 * 1024, LongestName = 63;
    private const string Domain = "kubevirt.io/domain";

    // A migration's target keeps the guest's addresses, and further networks are made by delegates: both are the plan's.
    private static readonly string[] SaysThatThePlanIsNeeded = ["kubevirt.io/migrationJobName", "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"];

    // Protobuf JSON allows both spellings.
    private static readonly HashSet<string> Taken =
        ["name", "binding", "mac", "ports", "guestNetworks", "guest_networks", "dhcpOptions", "dhcp_options", "linkState", "link_state"];

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(false));

    /// <summary>Null when the annotations do not say it, or only the plan can.</summary>
    /// <exception cref="RefusedException">The annotation is there and is nonsense.</exception>
    public static AnnotatedInterface? Read(string podInterface, IReadOnlyDictionary<string, string> annotations)
    {
        if (podInterface != PrimaryNic || SaysThatThePlanIsNeeded.Any(annotations.ContainsKey) || !annotations.TryGetValue(Key, out var json))
            return null;
        if (json.Length > LongestJson)
            throw Nonsense($"{json.Length} characters; {LongestJson} is the limit");
        var ignored = new List<string>();
        var plan = NetworkMapping.ToInterface(Parse(Restrict(json, ignored)));
        Check(plan);
        return new AnnotatedInterface(plan with { PodInterface = podInterface }, HostNameOf(annotations), ignored);
    }

    private static string Restrict(string json, List<string> ignored)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind is not JsonValueKind.Object)
                throw Nonsense("not a JSON object");
            using var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream))
                WriteTaken(document.RootElement, writer, ignored);
            return Encoding.UTF8.GetString(stream.ToArray());
        }
        catch (JsonException broken)
        {
            throw Nonsense(broken.Message);
        }
    }

    private static void WriteTaken(JsonElement given, Utf8JsonWriter writer, List<string> ignored)
    {
        var written = new HashSet<string>();
        writer.WriteStartObject();
        foreach (var member in given.EnumerateObject())
        {
            if (!Taken.Contains(member.Name))
                ignored.Add(Legible(member.Name));
            else if (written.Add(member.Name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant()))
                member.WriteTo(writer);
            else
                throw Nonsense($"{member.Name} is there twice");
        }

        writer.WriteEndObject();
    }

    private static Wire.Interface Parse(string json)
    {
        try
        {
            return Parser.Parse<Wire.Interface>(json);
        }
        catch (Exception broken) when (broken is InvalidProtocolBufferException or InvalidOperationException or FormatException)
        {
            throw Nonsense(broken.Message);
        }
    }

    private static void Check(InterfacePlan plan)
    {
        if (plan.Name.Length > LongestName || !plan.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw Nonsense("name is not letters, digits, '-', '_' and '.', 63 at most");
        if (!Enum.IsDefined(plan.Binding) || !Enum.IsDefined(plan.LinkState))
            throw Nonsense($"binding {plan.Binding} or link state {plan.LinkState} is unknown");
    }

    // It goes to the log, and is anybody's.
    private static string Legible(string name) => new([.. name.Take(LongestName).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '?')]);

    private static string HostNameOf(IReadOnlyDictionary<string, string> annotations) =>
        annotations.GetValueOrDefault(Domain) is { Length: > 0 and <= LongestName } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? name : "";

    private static RefusedException Nonsense(string reason) => new(Refusal.Malformed, $"annotation {Key}: {reason}");
}
