using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

/// <summary>
/// Asks the configured webhooks about requests, as Kubernetes does: mutating ones one after the other, in the order of their configurations'
/// names, each seeing what those before it changed; validating ones all at once.
/// </summary>
internal sealed class Webhooks(Store store, ResourceRegistry registry, WebhookClient client, ILogger log)
{
    /// <summary>kubectl shows whatever comes; one webhook must not fill a terminal.</summary>
    private const int LongestWarning = 256;

    /// <summary>Lets mutating webhooks change the request's object in place. Returns whether one has.</summary>
    /// <exception cref="ApiException">A webhook denied the request, or could not be asked and must be.</exception>
    public async Task<bool> MutateAsync(AdmissionRequest request, List<string> warnings, CancellationToken ct)
    {
        var matching = Matching(Webhook.Mutating, request);
        if (matching.Count == 0)
            return false;
        request.Sent = request.Object?.Clone();
        var asked = new List<(Webhook Webhook, JsonObject? Seen)>();
        foreach (var (webhook, type) in matching)
        {
            await MutateAsync(webhook, type, request, warnings, ct);
            asked.Add((webhook, request.Object?.Clone()));
        }
        await ReinvokeAsync(matching, asked, request, warnings, ct);
        return !JsonTree.Same(request.Sent, request.Object);
    }

    /// <exception cref="ApiException">A webhook denied the request, or could not be asked and must be.</exception>
    public async Task ValidateAsync(AdmissionRequest request, List<string> warnings, CancellationToken ct)
    {
        var matching = Matching(Webhook.Validating, request);
        if (matching.Count == 0)
            return;
        var answers = await Task.WhenAll(matching.Select(m => JudgeAsync(m.Webhook, m.Type, request, ct)));
        foreach (var (said, _) in answers)
            warnings.AddRange(said);
        if (answers.Select(a => a.Refusal).FirstOrDefault(r => r is not null) is { } refusal)
            throw refusal;
    }

    private List<(Webhook Webhook, ResourceType Type)> Matching(string configurations, AdmissionRequest request)
    {
        // A webhook could otherwise make its own configuration unchangeable.
        if (request.Type.Group == "admissionregistration.k8s.io")
            return [];
        var matching = new List<(Webhook, ResourceType)>();
        foreach (var webhook in Webhook.All(store, configurations))
        {
            if (MatchedType(webhook, request) is { } type && SelectsNamespace(webhook, request) && SelectsObject(webhook, request)
                && MeetsConditions(webhook, type, request))
                matching.Add((webhook, type));
        }
        return matching;
    }

    private static bool MeetsConditions(Webhook webhook, ResourceType type, AdmissionRequest request)
    {
        if (webhook.Conditions.Count == 0)
            return true;
        var asked = AdmissionReview.For(request, type).Body["request"]!.AsObject();
        var variables = new JsonObject { ["object"] = asked["object"]?.DeepClone(), ["oldObject"] = asked["oldObject"]?.DeepClone(), ["request"] = asked.DeepClone() };
        try
        {
            return webhook.Conditions.All(c => c.Holds(variables));
        }
        catch (KeyNotFoundException) when (webhook.MayFail)
        {
            return false;
        }
        catch (KeyNotFoundException e)
        {
            throw ApiException.Forbidden(request.Type, request.Key.Name, $"match conditions of webhook \"{webhook.Name}\" could not be evaluated: {e.Message}");
        }
    }

    /// <summary>The version of the resource that a rule names, or null when none matches.</summary>
    private ResourceType? MatchedType(Webhook webhook, AdmissionRequest request)
    {
        if (webhook.Rules.Any(r => r.Matches(request, request.Type)))
            return request.Type;
        return webhook.MatchesEquivalents
            ? registry.Types.FirstOrDefault(t => t.Storage == request.Type.Storage && t != request.Type && webhook.Rules.Any(r => r.Matches(request, t)))
            : null;
    }

    private bool SelectsNamespace(Webhook webhook, AdmissionRequest request)
    {
        if (request.Type.Storage == "namespaces" && (request.Object ?? request.OldObject) is { } self)
            return LabelConditions.Match(webhook.NamespaceSelector, LabelConditions.LabelsOf(self));
        return request.Key.Namespace.Length == 0
            || (store.Get("namespaces", new ObjectKey("", request.Key.Namespace)) is { } home && LabelConditions.Match(webhook.NamespaceSelector, home.Labels));
    }

    /// <summary>Either state will do: taking the label away does not get around the webhook.</summary>
    private static bool SelectsObject(Webhook webhook, AdmissionRequest request) =>
        new[] { request.Object, request.OldObject }.Any(o => o is not null && LabelConditions.Match(webhook.ObjectSelector, LabelConditions.LabelsOf(o)));

    /// <summary>Who asked for it is asked again, once, when the object changed after its turn.</summary>
    private async Task ReinvokeAsync(List<(Webhook Webhook, ResourceType Type)> matching, List<(Webhook Webhook, JsonObject? Seen)> asked,
        AdmissionRequest request, List<string> warnings, CancellationToken ct)
    {
        foreach (var (webhook, type) in matching)
        {
            if (webhook.IsReinvoked && asked.First(a => a.Webhook == webhook).Seen is { } seen && !JsonTree.Same(seen, request.Object))
                await MutateAsync(webhook, type, request, warnings, ct);
        }
    }

    private async Task MutateAsync(Webhook webhook, ResourceType type, AdmissionRequest request, List<string> warnings, CancellationToken ct)
    {
        if (await AskAsync(webhook, type, request, ct) is not { } response)
            return;
        warnings.AddRange(WarningsOf(response));
        if (RefusalIn(webhook, response) is { } refusal)
            throw refusal;
        if (response.TextAt("patch") is { Length: > 0 } patch)
            Patch(webhook, type, request, response.TextAt("patchType"), patch);
    }

    private async Task<(List<string> Warnings, ApiException? Refusal)> JudgeAsync(
        Webhook webhook, ResourceType type, AdmissionRequest request, CancellationToken ct)
    {
        try
        {
            return await AskAsync(webhook, type, request, ct) is { } response ? (WarningsOf(response), RefusalIn(webhook, response)) : ([], null);
        }
        catch (ApiException failed)
        {
            return ([], failed);
        }
    }

    /// <summary>The webhook's response; null when it could not be asked and need not be.</summary>
    private async Task<JsonObject?> AskAsync(Webhook webhook, ResourceType type, AdmissionRequest request, CancellationToken ct)
    {
        if (request.DryRun && webhook.HasSideEffects)
            throw ApiException.BadRequest($"admission webhook \"{webhook.Name}\" does not support dry run");
        try
        {
            return await client.AskAsync(webhook, AdmissionReview.For(request, type), ct);
        }
        catch (HttpRequestException e)
        {
            Log.WebhookFailed(log, webhook.Name, webhook.MayFail ? "the request goes on without it" : "the request fails", e.Message);
            if (webhook.MayFail)
                return null;
            var message = $"failed calling webhook \"{webhook.Name}\": {e.Message}";
            throw new ApiException(500, "InternalError", $"Internal error occurred: {message}",
                new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) });
        }
    }

    private static void Patch(Webhook webhook, ResourceType type, AdmissionRequest request, string? patchType, string patch)
    {
        if (request.Object is not { } target)
            throw Internal($"admission webhook \"{webhook.Name}\" attempted to modify the object, which is not supported for this operation");
        if (patchType != "JSONPatch")
            throw Internal($"admission webhook \"{webhook.Name}\" answered with patch type \"{patchType}\": only JSONPatch is supported");
        try
        {
            var current = target.Clone();
            if (type != request.Type)
                Conversion.Convert(current, type.ApiVersion);
            var patched = JsonPatch.Apply(current, JsonTree.Parse(Convert.FromBase64String(patch)));
            if (type != request.Type)
                Conversion.Convert(patched, request.Type.ApiVersion);
            target.Clear();
            foreach (var (name, value) in patched)
                target[name] = value?.DeepClone();
        }
        catch (Exception e) when (e is ApiException or FormatException or System.Text.Json.JsonException)
        {
            throw Internal($"admission webhook \"{webhook.Name}\" answered with a patch that cannot be applied: {e.Message}");
        }
    }

    private static ApiException Internal(string message) => new(500, "InternalError", $"Internal error occurred: {message}");

    private static List<string> WarningsOf(JsonObject response) =>
        [.. (response["warnings"] as JsonArray ?? []).Select(JsonTree.AsText).OfType<string>().Select(w => w.Length > LongestWarning ? w[..LongestWarning] : w)];

    /// <summary>A denial keeps the code, reason and details that the webhook gave it.</summary>
    private static ApiException? RefusalIn(Webhook webhook, JsonObject response)
    {
        if (response["allowed"]?.GetValueKind() == System.Text.Json.JsonValueKind.True)
            return null;
        var status = response.At("status");
        var code = (int)(status.NumberAt("code") ?? 0);
        var denied = $"admission webhook \"{webhook.Name}\" denied the request";
        var (message, reason) = (status.TextAt("message"), status.TextAt("reason"));
        var said = message is { Length: > 0 } ? $"{denied}: {message}" : reason is { Length: > 0 } ? $"{denied}: {reason}" : $"{denied} without explanation";
        return new ApiException(code < 400 ? 400 : code, reason ?? "", said, status.At("details") as JsonObject);
    }
}
