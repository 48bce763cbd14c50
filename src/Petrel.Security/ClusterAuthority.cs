using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Security;

/// <summary>
/// The cluster's own certificate authority and the certificates that it issued, as PEM files in one directory (mode 0600, ECDSA P-256).
/// Loading also issues. A certificate is reissued when it is missing, expires soon, has other names or comes from another authority. An
/// existing authority is kept.
/// </summary>
public sealed class ClusterAuthority
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    // Certificates are valid from a little earlier, because the clocks of machines differ.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    private static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2");

    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly X509Certificate2 _certificate;

    private ClusterAuthority(string directory, TimeProvider time, X509Certificate2 certificate)
    {
        _directory = directory;
        _time = time;
        _certificate = certificate;
    }

    /// <summary>The authority's certificate without its key, which all clients and servers of the cluster trust.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    /// <summary>Loads the authority from a directory, or creates it there.</summary>
    public static ClusterAuthority Open(string directory, TimeProvider time)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var certificatePath = Path.Combine(directory, "ca.crt");
        var keyPath = Path.Combine(directory, "ca.key");
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=petrel-ca", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(
                new X509KeyUsageExtension(
                    X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature,
                    true
                )
            );
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            var now = time.GetUtcNow();
            using var made = request.CreateSelfSigned(now - Skew, now + AuthorityLife);
            // Write the key first. A certificate without its key does not count as an authority, and a new one would be created.
            SecretFile.Write(keyPath, key.ExportPkcs8PrivateKeyPem());
            SecretFile.Write(certificatePath, made.ExportCertificatePem());
        }
        return new(directory, time, X509Certificate2.CreateFromPemFile(certificatePath, keyPath));
    }

    /// <summary>
    /// The certificate and key for <paramref name="profile"/>. Issues a new one when the file is absent, has another profile, or expires
    /// soon.
    /// </summary>
    public IssuedCertificate Issue(CertificateProfile profile)
    {
        // One file holds the profile, the certificate and its key, so that they always belong together.
        var path = Path.Combine(_directory, profile.FileName + ".pem");
        var heading = Describe(profile);
        if (
            File.Exists(path)
            && File.ReadAllText(path) is var text
            && text.StartsWith(heading, StringComparison.Ordinal)
            && FromFile(text) is { } existing
        )
        {
            return existing;
        }
        var issued = Sign(profile);
        SecretFile.Write(path, $"{heading}{issued.CertificatePem}\n{issued.KeyPem}\n");
        return issued;
    }

    /// <summary>The certificate in a file, if this authority issued it and it does not expire soon; otherwise null.</summary>
    private IssuedCertificate? FromFile(string text)
    {
        using var certificate = X509Certificate2.CreateFromPem(text);
        var issuer = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var authority = _certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifierBytes;
        var isOurs = issuer is { } identifier && identifier.Span.SequenceEqual(authority.Span);
        var endsSoon = certificate.NotAfter.ToUniversalTime() - RenewBefore <= _time.GetUtcNow().UtcDateTime;
        return isOurs && !endsSoon
            ? new(certificate.ExportCertificatePem(), text[text.IndexOf("-----BEGIN PRIVATE KEY", StringComparison.Ordinal)..])
            : null;
    }

    private IssuedCertificate Sign(CertificateProfile profile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        if (profile.Organization.Length > 0)
        {
            name.AddOrganizationName(profile.Organization);
        }
        name.AddCommonName(profile.CommonName);
        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([profile.IsServer ? ServerUsage : ClientUsage], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        if (profile.IsServer)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var dnsName in profile.DnsNames)
            {
                names.AddDnsName(dnsName);
            }
            foreach (var address in profile.Addresses)
            {
                names.AddIpAddress(address);
            }
            request.CertificateExtensions.Add(names.Build());
        }
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7F;
        var now = _time.GetUtcNow();
        var end = now + LeafLife;
        if (end > _certificate.NotAfter)
        {
            end = _certificate.NotAfter;
        }
        using var certificate = request.Create(_certificate, now - Skew, end, serial);
        return new(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static string Describe(CertificateProfile profile)
    {
        var use = profile.IsServer ? "server" : "client";
        return $"# {use} certificate of {profile.CommonName} ({profile.Organization}) for "
            + $"{string.Join(", ", [.. profile.DnsNames, .. profile.Addresses.Select(a => a.ToString())])}\n";
    }
}

/// <summary>A certificate and its private key, both in PEM.</summary>
public sealed record IssuedCertificate(string CertificatePem, string KeyPem)
{
    /// <summary>The form that Kestrel and HttpClient use.</summary>
    public X509Certificate2 ToX509() => X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
}
