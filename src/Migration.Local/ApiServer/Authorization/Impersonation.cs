using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Acting as somebody else (<c>kubectl --as</c>): whoever may impersonate that user, and each group and fact, becomes them.</summary>
internal static class Impersonation
{
    private const string User = "Impersonate-User";
    private const string Group = "Impersonate-Group";
    private const string Uid = "Impersonate-Uid";
    private const string Extra = "Impersonate-Extra-";
    private const string Facts = "authentication.k8s.io";
    private const string ServiceAccount = "system:serviceaccount:";

    /// <exception cref="ApiException">403: not allowed to be that user; 400: a group without a user.</exception>
    public static Caller Apply(HttpRequest request, Caller caller, Authorizer authorizer)
    {
        var headers = request.Headers;
        var name = headers[User].ToString();
        var groups = headers[Group].OfType<string>().ToList();
        var uid = headers[Uid].ToString();
        var extra = headers.Where(h => h.Key.StartsWith(Extra, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(h => Uri.UnescapeDataString(h.Key[Extra.Length..].ToLowerInvariant()), h => (IReadOnlyList<string>)[.. h.Value.OfType<string>()]);
        if (name.Length == 0)
        {
            return groups.Count == 0 && uid.Length == 0 && extra.Count == 0
                ? caller
                : throw new ApiException(500, "InternalError", "Internal error occurred: requested impersonation without impersonating a user");
        }
        RequireUser(authorizer, caller, name);
        foreach (var group in groups)
            authorizer.Require(caller, new AccessRequest("impersonate") { Resource = "groups", Name = group });
        if (uid.Length > 0)
            authorizer.Require(caller, new AccessRequest("impersonate") { Group = Facts, Resource = "uids", Name = uid });
        foreach (var (key, values) in extra)
        {
            foreach (var value in values)
                authorizer.Require(caller, new AccessRequest("impersonate") { Group = Facts, Resource = "userextras", Subresource = key, Name = value });
        }
        if (groups.Count == 0 && ReadServiceAccount(name) is { } account)
            groups = ["system:serviceaccounts", $"system:serviceaccounts:{account.Namespace}"];
        if (name != "system:anonymous" && !groups.Contains(Caller.Authenticated))
            groups.Add(Caller.Authenticated);
        return new Caller(name, groups, uid) { Extra = extra };
    }

    private static void RequireUser(Authorizer authorizer, Caller caller, string name)
    {
        authorizer.Require(caller, ReadServiceAccount(name) is { } account
            ? new AccessRequest("impersonate") { Resource = "serviceaccounts", Namespace = account.Namespace, Name = account.Name }
            : new AccessRequest("impersonate") { Resource = "users", Name = name });
    }

    private static (string Namespace, string Name)? ReadServiceAccount(string name) =>
        name.StartsWith(ServiceAccount, StringComparison.Ordinal) && name[ServiceAccount.Length..].Split(':') is [var scope, var account] ? (scope, account) : null;
}
