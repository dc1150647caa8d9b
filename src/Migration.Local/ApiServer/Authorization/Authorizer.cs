using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>Role-based access control: what the roles that are bound to somebody allow, and nothing else. Masters may do everything.</summary>
internal sealed class Authorizer(Store store)
{
    private const string Rights = "rbac.authorization.k8s.io";
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <exception cref="ApiException">403.</exception>
    public void Require(Caller caller, AccessRequest wanted)
    {
        if (Reason(caller, wanted) is null)
            throw wanted.Forbidden(caller);
    }

    /// <summary>Why it is allowed; null when it is not.</summary>
    public string? Reason(Caller caller, AccessRequest wanted)
    {
        if (caller.Groups.Contains(Caller.Masters))
            return "";
        foreach (var (binding, role, subject) in Bound(caller, wanted.IsResource ? wanted.Namespace : ""))
        {
            if (Rules(role).Any(r => r.Allows(wanted)))
                return Explain(binding, role, subject);
        }
        return null;
    }

    /// <summary>Every rule that holds for somebody in a namespace.</summary>
    public IEnumerable<PolicyRule> RulesOf(Caller caller, string scope) =>
        caller.Groups.Contains(Caller.Masters)
            ? [new PolicyRule(["*"], ["*"], ["*"], [], []), new PolicyRule(["*"], [], [], [], ["*"])]
            : Bound(caller, scope).SelectMany(b => Rules(b.Role));

    private IEnumerable<(StoredObject Binding, StoredObject Role, JsonElement Subject)> Bound(Caller caller, string scope)
    {
        foreach (var binding in store.List($"clusterrolebindings.{Rights}").Objects.Values)
        {
            if (SubjectIn(binding, caller) is { } subject && Role(binding) is { } role)
                yield return (binding, role, subject);
        }
        if (scope.Length == 0)
            yield break;
        foreach (var binding in store.List($"rolebindings.{Rights}").Objects.Values.Where(b => b.Namespace == scope))
        {
            if (SubjectIn(binding, caller) is { } subject && Role(binding) is { } role)
                yield return (binding, role, subject);
        }
    }

    private StoredObject? Role(StoredObject binding)
    {
        var name = binding.Root.Text("roleRef", "name") ?? "";
        return binding.Root.Text("roleRef", "kind") == "Role"
            ? store.Get($"roles.{Rights}", new ObjectKey(binding.Namespace, name))
            : store.Get($"clusterroles.{Rights}", new ObjectKey("", name));
    }

    /// <summary>The role's own rules, and those of the roles that it aggregates.</summary>
    private IEnumerable<PolicyRule> Rules(StoredObject role)
    {
        var selectors = role.Root.Items("aggregationRule", "clusterRoleSelectors");
        if (selectors.Count == 0)
            return PolicyRule.Of(role);
        return store.List($"clusterroles.{Rights}").Objects.Values
            .Where(r => r.Name == role.Name || selectors.Any(s => LabelConditions.Match(s, r.Labels)))
            .SelectMany(PolicyRule.Of);
    }

    private static JsonElement? SubjectIn(StoredObject binding, Caller caller)
    {
        foreach (var subject in binding.Root.Items("subjects"))
        {
            if (IsMeant(subject, binding, caller))
                return subject;
        }
        return null;
    }

    private static bool IsMeant(JsonElement subject, StoredObject binding, Caller caller) => subject.Text("kind") switch
    {
        "User" => subject.Text("name") == caller.Name,
        "Group" => caller.Groups.Contains(subject.Text("name") ?? "", StringComparer.Ordinal),
        "ServiceAccount" => caller.Name == $"{ServiceAccountPrefix}{subject.Text("namespace") ?? binding.Namespace}:{subject.Text("name")}",
        _ => false,
    };

    private static string Explain(StoredObject binding, StoredObject role, JsonElement subject)
    {
        var of = binding.Namespace.Length == 0 ? $"ClusterRoleBinding \"{binding.Name}\"" : $"RoleBinding \"{binding.Name}/{binding.Namespace}\"";
        var who = subject.Text("kind") == "ServiceAccount" ? $"{subject.Text("name")}/{subject.Text("namespace") ?? binding.Namespace}" : subject.Text("name");
        return $"RBAC: allowed by {of} of {(role.Namespace.Length == 0 ? "ClusterRole" : "Role")} \"{role.Name}\" to {subject.Text("kind")} \"{who}\"";
    }
}
