using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Defaults and checks of the two kinds of webhook configurations.</summary>
internal static class WebhookRules
{
    private static readonly string[] Operations = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"];

    public static KindRules Mutating { get; } = new() { Default = tree => Default(tree, true), Validate = (_, tree, errors) => Check(tree, errors) };

    public static KindRules Validating { get; } = new() { Default = tree => Default(tree, false), Validate = (_, tree, errors) => Check(tree, errors) };

    private static IEnumerable<JsonObject> Hooks(JsonObject tree) => (tree["webhooks"] as JsonArray ?? []).OfType<JsonObject>();

    private static void Default(JsonObject tree, bool mutating)
    {
        foreach (var hook in Hooks(tree))
        {
            hook["matchPolicy"] ??= "Equivalent";
            hook["failurePolicy"] ??= "Fail";
            hook["namespaceSelector"] ??= new JsonObject();
            hook["objectSelector"] ??= new JsonObject();
            hook["timeoutSeconds"] ??= 10;
            if (mutating)
                hook["reinvocationPolicy"] ??= "Never";
            if (hook.At("clientConfig", "service") is JsonObject service)
                service["port"] ??= 443;
            foreach (var rule in (hook["rules"] as JsonArray ?? []).OfType<JsonObject>())
                rule["scope"] ??= "*";
        }
    }

    private static void Check(JsonObject tree, List<FieldError> errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, hook) in Hooks(tree).Index())
        {
            var path = $"webhooks[{index}]";
            CheckName(hook, path, names, errors);
            CheckClient(hook["clientConfig"], path + ".clientConfig", errors);
            CheckBehaviour(hook, path, errors);
            foreach (var (number, rule) in (hook["rules"] as JsonArray ?? []).Index())
                CheckRule(rule, $"{path}.rules[{number}]", errors);
        }
    }

    private static void CheckName(JsonObject hook, string path, HashSet<string> names, List<FieldError> errors)
    {
        var name = hook.TextAt("name") ?? "";
        if (Names.SubdomainError(name) is { } why)
            errors.Add(FieldError.Invalid(path + ".name", name, why));
        else if (name.Split('.').Length < 3)
            errors.Add(FieldError.Invalid(path + ".name", name, "should be a domain with at least three segments separated by dots"));
        if (!names.Add(name))
            errors.Add(FieldError.Duplicate(path + ".name", name));
    }

    private static void CheckBehaviour(JsonObject hook, string path, List<FieldError> errors)
    {
        foreach (var (index, condition) in (hook["matchConditions"] as JsonArray ?? []).Index())
            CheckCondition(condition, $"{path}.matchConditions[{index}]", errors);
        OneOf(hook, path, "failurePolicy", ["Ignore", "Fail"], errors);
        OneOf(hook, path, "matchPolicy", ["Equivalent", "Exact"], errors);
        OneOf(hook, path, "reinvocationPolicy", ["Never", "IfNeeded"], errors);
        if (hook.TextAt("sideEffects") is null)
            errors.Add(FieldError.Required(path + ".sideEffects", "must specify one of None, NoneOnDryRun"));
        else
            OneOf(hook, path, "sideEffects", ["None", "NoneOnDryRun"], errors);
        if (hook.NumberAt("timeoutSeconds") is < 1 or > 30)
            errors.Add(FieldError.Invalid(path + ".timeoutSeconds", hook["timeoutSeconds"]?.DeepClone(), "the timeout value must be between 1 and 30 seconds"));
        var versions = (hook["admissionReviewVersions"] as JsonArray ?? []).Select(JsonTree.AsText).ToList();
        if (versions.Count == 0)
            errors.Add(FieldError.Required(path + ".admissionReviewVersions", "must specify one of v1, v1beta1"));
        else if (!versions.Contains("v1"))
            errors.Add(FieldError.Invalid(path + ".admissionReviewVersions", hook["admissionReviewVersions"]?.DeepClone(), "must include at least one of v1"));
    }

    private static void CheckCondition(JsonNode? condition, string path, List<FieldError> errors)
    {
        if (condition.TextAt("name") is not { Length: > 0 })
            errors.Add(FieldError.Required(path + ".name"));
        if (condition.TextAt("expression") is not { Length: > 0 } expression)
        {
            errors.Add(FieldError.Required(path + ".expression"));
            return;
        }
        try
        {
            MatchCondition.Read(expression);
        }
        catch (FormatException e)
        {
            errors.Add(FieldError.Invalid(path + ".expression", expression, e.Message));
        }
    }

    private static void OneOf(JsonObject hook, string path, string field, string[] allowed, List<FieldError> errors)
    {
        if (hook.TextAt(field) is { } value && !allowed.Contains(value))
            errors.Add(FieldError.NotSupported($"{path}.{field}", value, allowed.Select(a => JsonValue.Create(a))));
    }

    private static void CheckRule(JsonNode? rule, string path, List<FieldError> errors)
    {
        foreach (var field in (string[])["operations", "apiGroups", "apiVersions", "resources"])
        {
            if (rule.At(field) is not JsonArray { Count: > 0 })
                errors.Add(FieldError.Required($"{path}.{field}"));
        }
        foreach (var (index, operation) in (rule.At("operations") as JsonArray ?? []).Index())
        {
            if (!Operations.Contains(JsonTree.AsText(operation)))
                errors.Add(FieldError.NotSupported($"{path}.operations[{index}]", operation?.DeepClone(), Operations.Select(o => JsonValue.Create(o))));
        }
        if (rule.TextAt("scope") is { } scope and not ("*" or "Cluster" or "Namespaced"))
            errors.Add(FieldError.NotSupported(path + ".scope", scope, ["*", "Cluster", "Namespaced"]));
    }

    private static void CheckClient(JsonNode? client, string path, List<FieldError> errors)
    {
        var (url, service) = (client.TextAt("url"), client.At("service"));
        if ((url is null) == (service is null))
            errors.Add(FieldError.Required(path, "exactly one of url or service is required"));
        else if (url is not null)
            CheckUrl(url, path + ".url", errors);
        else
            CheckService(service, path + ".service", errors);
        if (client.TextAt("caBundle") is { Length: > 0 } bundle && BundleError(bundle) is { } why)
            errors.Add(FieldError.Invalid(path + ".caBundle", "<snip>", why));
    }

    private static void CheckUrl(string url, string path, List<FieldError> errors)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed))
            errors.Add(FieldError.Invalid(path, url, "url must be a valid URL: desired format: https://host[/path]"));
        else if (parsed.Scheme != "https")
            errors.Add(FieldError.Invalid(path, parsed.Scheme, "'https' is the only allowed URL scheme; desired format: https://host[/path]"));
        else if (parsed.UserInfo.Length > 0 || parsed.Fragment.Length > 0 || parsed.Query.Length > 0)
            errors.Add(FieldError.Invalid(path, url, "user information, fragments and query parameters are not permitted in the URL"));
    }

    private static void CheckService(JsonNode? service, string path, List<FieldError> errors)
    {
        foreach (var field in (string[])["namespace", "name"])
        {
            if (service.TextAt(field) is not { Length: > 0 })
                errors.Add(FieldError.Required($"{path}.{field}", $"service {field} is required"));
        }
        if (service.NumberAt("port") is < 1 or > 65535)
            errors.Add(FieldError.Invalid(path + ".port", service.At("port")?.DeepClone(), "port is not valid: must be between 1 and 65535, inclusive"));
        if (service.TextAt("path") is { Length: > 0 } uri && uri[0] != '/')
            errors.Add(FieldError.Invalid(path + ".path", uri, "must start with a '/'"));
    }

    private static string? BundleError(string bundle)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(bundle)));
            return certificates.Count > 0 ? null : "unable to load root certificates: no certificate in it";
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return $"unable to load root certificates: {e.Message}";
        }
    }
}
