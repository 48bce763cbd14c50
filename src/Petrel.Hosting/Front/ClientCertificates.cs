using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.Hosting.Front;

/// <summary>
/// Maps client certificates to users (upstream: x509 request authentication). CN is the user's name, and each O is a group. Certificates
/// that another authority issued, or that are not valid at the current time, do not authenticate.
/// </summary>
internal sealed class ClientCertificates(X509Certificate2 authority, TimeProvider time)
{
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    // Cache the user, because all requests of a connection have the same certificate.
    private readonly ConditionalWeakTable<X509Certificate2, UserInfo> _known = [];

    /// <summary>The user; anonymous without a certificate, or null when the certificate is not trusted.</summary>
    public UserInfo? Read(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            return UserInfo.Anonymous;
        }
        var now = time.GetUtcNow().UtcDateTime;
        if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime())
        {
            return null;
        }
        if (!_known.TryGetValue(certificate, out var user) && IsOurs(certificate))
        {
            user = NameOf(certificate);
            _known.AddOrUpdate(certificate, user);
        }
        return user;
    }

    private bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(ClientUsage));
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    private static UserInfo NameOf(X509Certificate2 certificate)
    {
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
            {
                continue;
            }
            var kind = part.GetSingleElementType().Value;
            if (kind == CommonName)
            {
                name = part.GetSingleElementValue() ?? "";
            }
            else if (kind == Organization && part.GetSingleElementValue() is { } group)
            {
                groups.Add(group);
            }
        }
        return new UserInfo(name, [.. groups, UserInfo.AuthenticatedGroup]);
    }
}
