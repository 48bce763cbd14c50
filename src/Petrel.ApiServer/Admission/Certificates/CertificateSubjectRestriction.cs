using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Petrel.ApiServer.Errors;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Certificates;

/// <summary>
/// Refuses requests for client certificates of the group <c>system:masters</c> (upstream: CertificateSubjectRestriction).
/// </summary>
internal sealed class CertificateSubjectRestriction : IAdmissionPlugin
{
    private const string Signer = "kubernetes.io/kube-apiserver-client";
    private const string Organization = "2.5.4.10";

    public string Name => "CertificateSubjectRestriction";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Create, Subresource.Length: 0 }
        && request.Is("certificates.k8s.io", "certificatesigningrequests");

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object.Child("spec");
        if (spec.Text("signerName") == Signer && Organizations(spec.Text("request")).Contains(UserInfo.MastersGroup))
        {
            throw StatusErrors.Forbidden(
                request.Kind,
                request.Object.Child("metadata").Text("name"),
                $"use of {Signer} signer with {UserInfo.MastersGroup} group is not allowed"
            );
        }
        return ValueTask.CompletedTask;
    }

    // Validation has parsed the request before.
    private static IEnumerable<string> Organizations(string request)
    {
        var pem = Encoding.ASCII.GetString(Convert.FromBase64String(request));
        var parsed = CertificateRequest.LoadSigningRequestPem(
            pem,
            HashAlgorithmName.SHA256,
            CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions,
            RSASignaturePadding.Pkcs1
        );
        return [.. parsed.SubjectName.EnumerateRelativeDistinguishedNames().SelectMany(Values)];
    }

    private static IEnumerable<string> Values(X500RelativeDistinguishedName name)
    {
        var set = new AsnReader(name.RawData, AsnEncodingRules.DER).ReadSetOf();
        while (set.HasData)
        {
            var pair = set.ReadSequence();
            if (pair.ReadObjectIdentifier() == Organization)
            {
                yield return pair.ReadCharacterString((UniversalTagNumber)pair.PeekTag().TagValue);
            }
        }
    }
}
