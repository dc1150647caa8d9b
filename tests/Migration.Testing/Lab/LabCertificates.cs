using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Testing.Lab;

/// <summary>An authority of one test, and the certificates it signs: directories with ca.crt, tls.crt and tls.key.</summary>
public sealed class LabCertificates : IDisposable
{
    private readonly string _folder;
    private readonly X509Certificate2 _authority;

    public LabCertificates(string folder)
    {
        _folder = folder;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=lab", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(From.AddMinutes(-1), Until.AddHours(1));
    }

    public static string NodeName(string node) => $"migration:node:{node}";

    /// <summary>A directory for this common name.</summary>
    public string Issue(string commonName)
    {
        var folder = Path.Combine(_folder, commonName.Replace(':', '-'));
        Directory.CreateDirectory(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = request.Create(_authority, From, Until, RandomNumberGenerator.GetBytes(16));
        File.WriteAllText(Path.Combine(folder, "ca.crt"), _authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        return folder;
    }

    public void Dispose() => _authority.Dispose();

    private static DateTimeOffset From => TimeProvider.System.GetUtcNow().AddHours(-1);

    private static DateTimeOffset Until => TimeProvider.System.GetUtcNow().AddDays(1);
}
