using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Petrel.ApiServer.Kinds.Certificates;

/// <summary>What a signer may put into a request's status: certificates in PEM, and nothing else.</summary>
internal static class IssuedCertificate
{
    /// <summary>What is wrong with it, or null.</summary>
    public static string? Problem(string base64)
    {
        ReadOnlySpan<char> rest;
        try
        {
            rest = Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            return "must be base64";
        }
        var blocks = 0;
        while (PemEncoding.TryFind(rest, out var block))
        {
            if (rest[block.Label] is not "CERTIFICATE")
            {
                return $"only CERTIFICATE PEM blocks are allowed, found \"{rest[block.Label]}\"";
            }
            try
            {
                using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(rest[block.Base64Data].ToString()));
            }
            catch (CryptographicException)
            {
                return "x509: malformed certificate";
            }
            blocks++;
            rest = rest[block.Location.End..];
        }
        return blocks == 0 ? "must contain at least one CERTIFICATE PEM block" : null;
    }
}
