using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Finds out who the caller is: a client certificate of the cluster's authority, the administrator's token, or a service account's token.</summary>
internal sealed class Authentication(CertificateAuthority authority, string? adminToken, ServiceAccountTokens tokens)
{
    /// <exception cref="ApiException">401.</exception>
    public Caller Identify(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return FromToken(header["Bearer ".Length..].Trim(), null) ?? throw ApiException.Unauthorized();
        return http.Connection.ClientCertificate is { } certificate ? FromCertificate(certificate) : throw ApiException.Unauthorized();
    }

    /// <param name="audiences">Whom the token must be meant for; null for this server.</param>
    public Caller? FromToken(string token, IReadOnlyList<string>? audiences)
    {
        if (adminToken is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(adminToken)))
            return new Caller("kubernetes-admin", [Caller.Masters, Caller.Authenticated]);
        return tokens.Read(token, audiences);
    }

    /// <summary>Whether the certificate was signed by the cluster's authority and is in date: asked during the TLS handshake.</summary>
    public bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static Caller FromCertificate(X509Certificate2 certificate)
    {
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == "2.5.4.10")
                groups.Add(part.GetSingleElementValue() ?? "");
        }
        return new Caller(certificate.GetNameInfo(X509NameType.SimpleName, false), [.. groups, Caller.Authenticated]);
    }
}
