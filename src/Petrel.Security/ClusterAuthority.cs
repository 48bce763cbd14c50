using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Security;

/// <summary>
/// The cluster's own certificate authority and the certificates that it issued, as PEM files in one directory (mode 0600, ECDSA P-256).
/// Loading also issues. A certificate is reissued when it is missing, expires soon, is not valid yet (the clock was ahead when it was
/// made), has other names or comes from another authority. An existing authority keeps its key. It gets a new certificate when its own is
/// not valid now.
/// </summary>
public sealed class ClusterAuthority
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    // Certificates are valid from half a day earlier, because clocks differ and are set back.
    private static readonly TimeSpan Skew = TimeSpan.FromHours(12);

    private static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2");

    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly X509Certificate2 _certificate;
    private readonly Action<string>? _renewed;

    private ClusterAuthority(string directory, TimeProvider time, X509Certificate2 certificate, Action<string>? renewed)
    {
        _directory = directory;
        _time = time;
        _certificate = certificate;
        _renewed = renewed;
    }

    /// <summary>The authority's certificate without its key, which all clients and servers of the cluster trust.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    /// <summary>Loads the authority from a directory, or creates it there.</summary>
    /// <param name="directory">Where its files are.</param>
    /// <param name="time">The clock by which certificates must be valid.</param>
    /// <param name="renewed">Gets a sentence for each certificate that is not valid now and is replaced.</param>
    public static ClusterAuthority Open(string directory, TimeProvider time, Action<string>? renewed = null)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var certificatePath = Path.Combine(directory, "ca.crt");
        var keyPath = Path.Combine(directory, "ca.key");
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            // Write the key first. A certificate without its key does not count as an authority, and a new one would be created.
            SecretFile.Write(keyPath, key.ExportPkcs8PrivateKeyPem());
            SecretFile.Write(certificatePath, SelfSigned(key, time));
        }
        var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        if (Untimely(certificate, time, TimeSpan.Zero) is { } problem)
        {
            renewed?.Invoke($"the certificate of the cluster's authority {problem}: it is issued again with the same key");
            certificate.Dispose();
            using var key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(keyPath));
            SecretFile.Write(certificatePath, SelfSigned(key, time));
            certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        }
        return new(directory, time, certificate, renewed);
    }

    private static string SelfSigned(ECDsa key, TimeProvider time)
    {
        var request = new CertificateRequest("CN=petrel-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        using var made = request.CreateSelfSigned(now - Skew, now + AuthorityLife);
        return made.ExportCertificatePem();
    }

    /// <summary>Why a certificate is not valid now, or ends within <paramref name="margin"/>; null when it is fine.</summary>
    private static string? Untimely(X509Certificate2 certificate, TimeProvider time, TimeSpan margin)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var (start, end) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return start > now ? $"is valid only from {start:yyyy-MM-dd HH:mm} UTC, because the clock was ahead when it was made"
            : end <= now ? $"has expired on {end:yyyy-MM-dd HH:mm} UTC"
            : end - margin <= now ? $"ends on {end:yyyy-MM-dd HH:mm} UTC"
            : null;
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
            && FromFile(text, profile) is { } existing
        )
        {
            return existing;
        }
        var issued = Sign(profile);
        SecretFile.Write(path, $"{heading}{issued.CertificatePem}\n{issued.KeyPem}\n");
        return issued;
    }

    /// <summary>The certificate in a file, if this authority issued it and it does not expire soon; otherwise null.</summary>
    private IssuedCertificate? FromFile(string text, CertificateProfile profile)
    {
        using var certificate = X509Certificate2.CreateFromPem(text);
        var issuer = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var authority = _certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifierBytes;
        var isOurs = issuer is { } identifier && identifier.Span.SequenceEqual(authority.Span);
        var problem = Untimely(certificate, _time, RenewBefore);
        if (isOurs && problem is not null)
        {
            _renewed?.Invoke($"the certificate of {profile.CommonName} {problem}: it is issued again");
        }
        return isOurs && problem is null
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
