using System.Security.Cryptography.X509Certificates;

namespace Migration.Local.ApiServer;

/// <summary>A certificate with its key and the root that signed it.</summary>
public sealed class IssuedCertificate(X509Certificate2 certificate, string authorityPem) : IDisposable
{
    public X509Certificate2 Certificate { get; } = certificate;

    public string CertificatePem => Certificate.ExportCertificatePem();

    public string KeyPem
    {
        get
        {
            using var key = Certificate.GetECDsaPrivateKey()!;
            return key.ExportPkcs8PrivateKeyPem();
        }
    }

    /// <summary>Writes <c>ca.crt</c>, <c>tls.crt</c> and <c>tls.key</c>, the layout every program of the project reads.</summary>
    public void WriteTo(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "ca.crt"), authorityPem + "\n");
        File.WriteAllText(Path.Combine(directory, "tls.crt"), CertificatePem + "\n");
        WriteSecret(Path.Combine(directory, "tls.key"), KeyPem + "\n");
    }

    public void Dispose() => Certificate.Dispose();

    internal static void WriteSecret(string path, string text)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }
}
