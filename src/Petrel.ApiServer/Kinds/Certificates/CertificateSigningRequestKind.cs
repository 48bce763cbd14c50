using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Certificates;

/// <summary>certificates.k8s.io/v1 CertificateSigningRequest. Who asks is set by the server; approval is a subresource of its own.</summary>
internal static class CertificateSigningRequestKind
{
    private static readonly string[] Usages =
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature",
        "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc",
        "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ];

    public static KindDefinition Definition { get; } =
        BuiltInKinds.Row("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", namespaced: false) with
        {
            ShortNames = ["csr"],
            HasStatus = true,
            Subresources = [new("approval", new Model.GroupVersionKind("certificates.k8s.io", "v1", "CertificateSigningRequest"), ["get", "patch", "update"])],
            NameProblem = NameSyntax.PathSegmentProblem,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
            // What was asked for stays as it was asked for, whatever an update says.
            PrepareForUpdate = static (value, old, _) => value["spec"] = old["spec"]?.DeepClone(),
            Validate = Validate,
            Columns =
            [
                Name,
                Age,
                Shown("SignerName", "Who is to sign.", static o => o.Text("spec", "signerName")),
                Shown("Requestor", "Who asks.", static o => o.Text("spec", "username")),
                Shown("RequestedDuration", "How long the certificate should last.", static o => o.Has("spec", "expirationSeconds")
                    ? HumanDuration.Format(TimeSpan.FromSeconds(o.Number("spec", "expirationSeconds"))) : None),
                Shown("Condition", "What became of it.", Condition),
            ],
            SelectableFields = Selectable("spec.signerName"),
        };

    private static string Condition(JsonElement value)
    {
        bool Is(string type) => value.Items("status", "conditions").Any(c => c.Text("type") == type);
        var parts = new List<string>();
        if (Is("Denied"))
        {
            parts.Add("Denied");
        }
        else if (Is("Approved"))
        {
            parts.Add("Approved");
        }
        else
        {
            parts.Add("Pending");
        }
        if (Is("Failed"))
        {
            parts.Add("Failed");
        }
        if (value.Text("status", "certificate").Length > 0)
        {
            parts.Add("Issued");
        }
        return string.Join(',', parts);
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Request(spec.Text("request"), errors);
        var usages = spec.Texts("usages").ToList();
        if (usages.Count == 0)
        {
            errors.Required("spec.usages");
        }
        for (var i = 0; i < usages.Count; i++)
        {
            if (!Usages.Contains(usages[i]))
            {
                errors.NotSupported($"spec.usages[{i}]", usages[i], Usages);
            }
            else if (usages.IndexOf(usages[i]) < i)
            {
                errors.Duplicate($"spec.usages[{i}]", usages[i]);
            }
        }
        var signer = spec.Text("signerName");
        if (signer.Length == 0)
        {
            errors.Required("spec.signerName");
        }
        else if (signer.Split('/') is not [var domain, { Length: > 0 }] || NameSyntax.SubdomainProblem(domain) is not null)
        {
            errors.Invalid("spec.signerName", signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        }
        else if (signer == "kubernetes.io/legacy-unknown")
        {
            errors.Invalid("spec.signerName", signer, "the legacy signerName is not allowed via this API version");
        }
        if (spec.Number("expirationSeconds") < 600)
        {
            errors.Invalid("spec.expirationSeconds", spec.Number("expirationSeconds"), "may not specify a duration less than 600 seconds (10 minutes)");
        }
        Conditions(value, old, errors);
    }

    private static void Request(string base64, FieldErrors errors)
    {
        if (base64.Length == 0)
        {
            errors.Required("spec.request");
            return;
        }
        try
        {
            CertificateRequest.LoadSigningRequestPem(
                Encoding.ASCII.GetString(Convert.FromBase64String(base64)), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException)
        {
            errors.Invalid("spec.request", base64, "PEM block type must be CERTIFICATE REQUEST and hold a PKCS#10 request with a valid signature");
        }
    }

    private static void Conditions(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var conditions = value.Child("status").Indexed("conditions", "status").ToList();
        var types = conditions.Select(c => c.Value.Text("type")).ToList();
        foreach (var (condition, at) in conditions)
        {
            if (condition.Text("type").Length == 0)
            {
                errors.Required($"{at}.type");
            }
            if (condition.Text("type") is "Approved" or "Denied" or "Failed" && condition.Text("status") != "True")
            {
                errors.NotSupported($"{at}.status", condition.Text("status"), "True");
            }
        }
        if (types.Contains("Approved") && types.Contains("Denied"))
        {
            errors.Invalid("status.conditions", "Approved", "Approved and Denied conditions are mutually exclusive");
        }
        foreach (var decided in (ReadOnlySpan<string>)["Approved", "Denied", "Failed"])
        {
            if (old.Child("status").Objects("conditions").Any(c => c.Text("type") == decided) && !types.Contains(decided))
            {
                errors.Forbidden("status.conditions", $"updates may not remove a condition of type \"{decided}\"");
            }
        }
        if (old.Child("status").Text("certificate") is { Length: > 0 } issued && issued != value.Child("status").Text("certificate"))
        {
            errors.Forbidden("status.certificate", "updates may not change the certificate content");
        }
    }
}
