namespace Migration.Cni;

/// <summary>What the runtime says by environment variables, checked.</summary>
internal sealed class Invocation
{
    public const string CommandVariable = "CNI_COMMAND";

    private const string ContainerVariable = "CNI_CONTAINERID", NamespaceVariable = "CNI_NETNS", InterfaceVariable = "CNI_IFNAME";
    private const string ArgumentsVariable = "CNI_ARGS", PathVariable = "CNI_PATH";
    private const int LongestInterfaceName = 15;

    private Invocation(string command) => Command = command;

    /// <summary>ADD, DEL, CHECK, GC or STATUS.</summary>
    public string Command { get; }

    public string ContainerId { get; private init; } = "";

    /// <summary>Empty where DEL comes after the namespace is gone.</summary>
    public string NetworkNamespace { get; private init; } = "";

    public string InterfaceName { get; private init; } = "";

    public string PodNamespace { get; private init; } = "";

    public string PodName { get; private init; } = "";

    public string PodUid { get; private init; } = "";

    /// <summary>The pod of a virtual machine. Every other pod of the cluster is none of our business.</summary>
    public bool IsVirtualMachine => PodName.StartsWith("virt-launcher-", StringComparison.Ordinal);

    public static Invocation Read(string command, Func<string, string?> variable)
    {
        var isAboutContainer = command is "ADD" or "DEL" or "CHECK";
        string[] required = command is "ADD" or "CHECK" ? [ContainerVariable, NamespaceVariable, InterfaceVariable, PathVariable]
            : command == "DEL" ? [ContainerVariable, InterfaceVariable, PathVariable]
            : command == "GC" ? [PathVariable] : [];
        var missing = Array.FindAll(required, name => string.IsNullOrEmpty(variable(name)));
        if (missing.Length > 0)
            throw new CniException(CniErrorCode.InvalidEnvironment, $"required env variables [{string.Join(',', missing)}] missing");
        if (!isAboutContainer) return new Invocation(command);

        var container = variable(ContainerVariable)!;
        if (!Name.IsValid(container))
            throw new CniException(CniErrorCode.InvalidEnvironment, $"{ContainerVariable} \"{container}\" is not a container id", "letters, digits, '_', '.' and '-', a letter or digit first");
        var link = variable(InterfaceVariable)!;
        if (!IsInterfaceName(link))
            throw new CniException(CniErrorCode.InvalidEnvironment, $"{InterfaceVariable} \"{link}\" is not an interface name", "1 to 15 characters without '/', ':' and spaces, not '.' or '..'");
        var arguments = variable(ArgumentsVariable);
        return new Invocation(command)
        {
            ContainerId = container,
            NetworkNamespace = variable(NamespaceVariable) ?? "",
            InterfaceName = link,
            PodNamespace = Argument(arguments, "K8S_POD_NAMESPACE"),
            PodName = Argument(arguments, "K8S_POD_NAME"),
            PodUid = Argument(arguments, "K8S_POD_UID"),
        };
    }

    // CNI_ARGS is KEY=value;KEY=value. Whoever needs other keys than ours reads them.
    private static string Argument(string? arguments, string key)
    {
        foreach (var part in (arguments ?? "").Split(';'))
        {
            if (part.Length > key.Length && part[key.Length] == '=' && part.StartsWith(key, StringComparison.Ordinal)) return part[(key.Length + 1)..];
        }
        return "";
    }

    private static bool IsInterfaceName(string name) =>
        name.Length <= LongestInterfaceName && name is not ("." or "..") && !name.Any(c => c is '/' or ':' || char.IsWhiteSpace(c));
}
