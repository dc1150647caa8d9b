using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Local.ApiServer;

/// <summary>A certificate authority made for one embedded cluster: it signs the API server, the operator, the nodes and the controllers.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");
    private readonly TimeProvider _time;

    private CertificateAuthority(X509Certificate2 certificate, TimeProvider time)
    {
        Certificate = certificate;
        _time = time;
    }

    /// <summary>The self-signed root, with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The root as PEM, without its key: what goes into kubeconfig files and <c>ca.crt</c>.</summary>
    public string CertificatePem => Certificate.ExportCertificatePem();

    public static CertificateAuthority Create(string commonName, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={commonName}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(10)), time);
    }

    /// <summary>Reads back an authority written by <see cref="WriteTo"/>, so that a restarted cluster keeps its identity.</summary>
    public static CertificateAuthority Load(string directory, TimeProvider time) =>
        new(X509Certificate2.CreateFromPemFile(Path.Combine(directory, "ca.crt"), Path.Combine(directory, "ca.key")), time);

    /// <summary>Writes <c>ca.crt</c> and <c>ca.key</c> (readable by the owner alone).</summary>
    public void WriteTo(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "ca.crt"), CertificatePem + "\n");
        using var key = Certificate.GetECDsaPrivateKey()!;
        IssuedCertificate.WriteSecret(Path.Combine(directory, "ca.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>Signs a certificate good for both ends of a TLS connection.</summary>
    public IssuedCertificate Issue(string commonName, string? organization = null,
        IReadOnlyCollection<IPAddress>? addresses = null, IReadOnlyCollection<string>? dnsNames = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(commonName, organization), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication, ClientAuthentication], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        if (AlternativeNames(addresses, dnsNames) is { } names)
            request.CertificateExtensions.Add(names);

        var now = _time.GetUtcNow();
        using var signed = request.Create(Certificate, now.AddMinutes(-5), now.AddYears(1), RandomNumberGenerator.GetBytes(16));
        return new IssuedCertificate(signed.CopyWithPrivateKey(key), CertificatePem);
    }

    public void Dispose() => Certificate.Dispose();

    private static X500DistinguishedName Subject(string commonName, string? organization)
    {
        var subject = new X500DistinguishedNameBuilder();
        if (organization is not null)
            subject.AddOrganizationName(organization);
        subject.AddCommonName(commonName);
        return subject.Build();
    }

    private static X509Extension? AlternativeNames(IReadOnlyCollection<IPAddress>? addresses, IReadOnlyCollection<string>? dnsNames)
    {
        if ((addresses?.Count ?? 0) + (dnsNames?.Count ?? 0) == 0)
            return null;
        var names = new SubjectAlternativeNameBuilder();
        foreach (var address in addresses ?? [])
            names.AddIpAddress(address);
        foreach (var name in dnsNames ?? [])
            names.AddDnsName(name);
        return names.Build();
    }
}
