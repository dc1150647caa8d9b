using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Migration.Kubernetes;

/// <summary>Client certificates in a form TLS can use.</summary>
internal static class ClientCertificates
{
    public static X509Certificate2 FromPem(string certificate, string key) => X509Certificate2.CreateFromPem(certificate, key);

    public static X509Certificate2Collection Authorities(string pem)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities.Count > 0 ? authorities : throw new CryptographicException("no certificate in the PEM text");
    }
}
