using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Finds out who the caller is: a client certificate of the cluster's authority, the administrator's token, or a service account's token.</summary>
internal sealed class Authentication(CertificateAuthority authority, string? adminToken)
{
    private const string Everybody = "system:authenticated";
    private readonly ConcurrentDictionary<string, Caller> _tokens = new(StringComparer.Ordinal);

    /// <exception cref="ApiException">401.</exception>
    public Caller Identify(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return FromToken(header["Bearer ".Length..].Trim()) ?? throw ApiException.Unauthorized();
        return http.Connection.ClientCertificate is { } certificate ? FromCertificate(certificate) : throw ApiException.Unauthorized();
    }

    public Caller? FromToken(string token)
    {
        if (adminToken is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(adminToken)))
            return new Caller("kubernetes-admin", ["system:masters", Everybody]);
        return _tokens.GetValueOrDefault(token);
    }

    /// <summary>A token for a service account, good until the server ends.</summary>
    public string IssueToken(string scope, string serviceAccount)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        _tokens[token] = new Caller(
            $"system:serviceaccount:{scope}:{serviceAccount}", ["system:serviceaccounts", $"system:serviceaccounts:{scope}", Everybody]);
        return token;
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
        return new Caller(certificate.GetNameInfo(X509NameType.SimpleName, false), [.. groups, Everybody]);
    }
}
