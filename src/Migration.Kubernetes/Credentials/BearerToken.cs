using System.Net.Http.Headers;

namespace Migration.Kubernetes;

/// <summary>A token that never changes.</summary>
public sealed class BearerToken(string token) : Credential
{
    private readonly AuthenticationHeaderValue _header = new("Bearer", token);

    internal override ValueTask<AuthenticationHeaderValue?> AuthorizationAsync(CancellationToken ct) => new(_header);

    internal override bool Renew() => false;
}
