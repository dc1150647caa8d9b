using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>
/// What the webhook server shows and what the API server trusts, as it lies in a Secret: a self-made authority and a
/// certificate signed by it. Renewed in steps that never leave the API server with a certificate it cannot check: an
/// authority that is about to end gets its successor beside it, and only later, when everybody knows the new one, does
/// it sign.
/// </summary>
public sealed record WebhookKeys
{
    private const string AuthorityEntry = "ca.crt";
    private const string AuthorityKeyEntry = "ca.key";
    private const string CertificateEntry = "tls.crt";
    private const string KeyEntry = "tls.key";
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan CertificateLife = TimeSpan.FromDays(90);
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>The authorities, the newest first, as PEM: what the API server is told to trust.</summary>
    public required string Authorities { get; init; }

    /// <summary>The key of the newest authority.</summary>
    public required string AuthorityKey { get; init; }

    public required string Certificate { get; init; }

    public required string Key { get; init; }

    /// <summary>What a Secret holds; null where it is not such, or was spoilt.</summary>
    public static WebhookKeys? Read(Secret secret)
    {
        try
        {
            var keys = new WebhookKeys
            {
                Authorities = Entry(secret, AuthorityEntry),
                AuthorityKey = Entry(secret, AuthorityKeyEntry),
                Certificate = Entry(secret, CertificateEntry),
                Key = Entry(secret, KeyEntry),
            };
            using var authority = keys.Authority();
            using var certificate = keys.Load();
            return keys;
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    public static WebhookKeys Make(IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var authority = NewAuthority(now);
        using var key = authority.GetECDsaPrivateKey()!;
        return Issue(authority.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), hosts, now);
    }

    /// <summary>The next step of renewal, or this very object where nothing is due.</summary>
    public WebhookKeys Renewed(IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var authority = Authority();
        if (now >= authority.NotAfter - (AuthorityLife / 10))
            return WithNewAuthority(now);
        using var certificate = Load();
        return now >= certificate.NotAfter - (CertificateLife / 3) || !hosts.All(host => certificate.MatchesHostname(host)) || !IsTrusted(certificate)
            ? Issue(Authorities, AuthorityKey, hosts, now)
            : this;
    }

    public Secret ToSecret(ObjectKey key) => new()
    {
        Metadata = new ObjectMeta { Name = key.Name, Namespace = key.Namespace },
        Type = "kubernetes.io/tls",
        Data = new Dictionary<string, string>
        {
            [AuthorityEntry] = Base64(Authorities),
            [AuthorityKeyEntry] = Base64(AuthorityKey),
            [CertificateEntry] = Base64(Certificate),
            [KeyEntry] = Base64(Key),
        },
    };

    /// <summary>The certificate with its key, for a server.</summary>
    public X509Certificate2 Load() => X509Certificate2.CreateFromPem(Certificate, Key);

    /// <summary>Whether the API server, told of our authorities, believes this certificate.</summary>
    public bool IsTrusted(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(Authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate);
    }

    // The compiler's version would print the keys into logs.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append("Certificate = ").Append(Certificate);
        return true;
    }

    private static string Entry(Secret secret, string name) => Encoding.UTF8.GetString(secret.Bytes(name) ?? throw new FormatException($"{name}: missing"));

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));

    private X509Certificate2 Authority() => X509Certificate2.CreateFromPem(Authorities, AuthorityKey);

    private WebhookKeys WithNewAuthority(DateTimeOffset now)
    {
        var known = new X509Certificate2Collection();
        known.ImportFromPem(Authorities);
        using var authority = NewAuthority(now);
        using var key = authority.GetECDsaPrivateKey()!;
        var living = known.Where(old => old.NotAfter > now).Select(old => old.ExportCertificatePem());
        return this with { Authorities = string.Join('\n', living.Prepend(authority.ExportCertificatePem())), AuthorityKey = key.ExportPkcs8PrivateKeyPem() };
    }

    private static X509Certificate2 NewAuthority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=migration-webhook-ca@{now.ToUnixTimeSeconds()}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now - ClockSkew, now + AuthorityLife);
    }

    private static WebhookKeys Issue(string authorities, string authorityKey, IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var authority = X509Certificate2.CreateFromPem(authorities, authorityKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=migration-webhook", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        request.CertificateExtensions.Add(Names(hosts));
        using var signed = request.Create(authority, now - ClockSkew, now + CertificateLife, RandomNumberGenerator.GetBytes(16));
        return new WebhookKeys { Authorities = authorities, AuthorityKey = authorityKey, Certificate = signed.ExportCertificatePem(), Key = key.ExportPkcs8PrivateKeyPem() };
    }

    private static X509Extension Names(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }
        return names.Build();
    }
}
