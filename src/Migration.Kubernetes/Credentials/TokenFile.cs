using System.Net.Http.Headers;

namespace Migration.Kubernetes;

/// <summary>
/// A token in a file that somebody replaces: the kubelet renews a service account's token at 80 % of its life.
/// Read again every minute, and at once when the server refuses the one we had.
/// </summary>
public sealed class TokenFile(string path, TimeProvider time) : Credential
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    /// <summary>Replaced as a whole.</summary>
    private volatile Reading? _last;

    internal override ValueTask<AuthenticationHeaderValue?> AuthorizationAsync(CancellationToken ct)
    {
        var last = _last;
        if (last is null || time.GetElapsedTime(last.At) >= Fresh)
            _last = last = Read(last);
        return new(last.Header);
    }

    internal override bool Renew()
    {
        _last = null;
        return true;
    }

    private Reading Read(Reading? last)
    {
        try
        {
            var token = File.ReadAllText(path).Trim();
            if (token.Length == 0)
                throw new IOException("the file is empty");
            return new Reading(new AuthenticationHeaderValue("Bearer", token), time.GetTimestamp());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Caught in the middle of being replaced, the old one is good for a while.
            return last is null
                ? throw new KubernetesException("login", path, null, "TokenFileUnreadable", e.Message, e)
                : last with { At = time.GetTimestamp() };
        }
    }

    private sealed record Reading(AuthenticationHeaderValue Header, long At);
}
