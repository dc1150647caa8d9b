using System.Net.Http.Headers;
using System.Text;

namespace Migration.Kubernetes;

/// <summary>User name and password; old, but kubeconfig files may still have it.</summary>
public sealed class BasicLogin(string user, string password) : Credential
{
    private readonly AuthenticationHeaderValue _header = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    internal override ValueTask<AuthenticationHeaderValue?> AuthorizationAsync(CancellationToken ct) => new(_header);

    internal override bool Renew() => false;
}
