using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Certificates;

/// <summary>
/// certificates.k8s.io/v1 CertificateSigningRequest. Who asks is set by the server; approval is a subresource of its own.
/// </summary>
internal static class CertificateSigningRequestKind
{
    private static readonly string[] Usages =
    [
        "any",
        "cert sign",
        "client auth",
        "code signing",
        "content commitment",
        "crl sign",
        "data encipherment",
        "decipher only",
        "digital signature",
        "email protection",
        "encipher only",
        "ipsec end system",
        "ipsec tunnel",
        "ipsec user",
        "key agreement",
        "key encipherment",
        "microsoft sgc",
        "netscape sgc",
        "ocsp signing",
        "s/mime",
        "server auth",
        "signing",
        "timestamping",
    ];

    private static readonly string[] Decisions = ["Approved", "Denied", "Failed"];
    private static readonly string[] TrueOnly = ["True"];
    private static readonly string[] AllStatuses = ["False", "True", "Unknown"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(
            "certificates.k8s.io",
            "v1",
            "CertificateSigningRequest",
            "certificatesigningrequests",
            namespaced: false
        ) with
        {
            ShortNames = ["csr"],
            HasStatus = true,
            StatusWritesMetadata = true,
            NameProblem = NameSyntax.PathSegmentProblem,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
            // The spec is immutable.
            PrepareForUpdate = static (value, old, _) => value["spec"] = old["spec"]?.DeepClone(),
            Validate = Validate,
            Columns =
            [
                Name,
                Age,
                Shown("SignerName", "Who is to sign.", static o => o.Text("spec", "signerName")),
                Shown("Requestor", "Who asks.", static o => o.Text("spec", "username")),
                Shown("RequestedDuration", "How long the certificate should last.", static o =>
                    o.Has("spec", "expirationSeconds")
                        ? HumanDuration.Format(TimeSpan.FromSeconds(o.Number("spec", "expirationSeconds")))
                        : None
                ),
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
        }
        for (var i = 0; i < usages.Count; i++)
        {
            if (usages.IndexOf(usages[i]) < i)
            {
                errors.Duplicate($"spec.usages[{i}]", usages[i]);
            }
        }
        if (spec.Text("signerName") == "kubernetes.io/legacy-unknown")
        {
            errors.Invalid("spec.signerName", spec.Text("signerName"), "the legacy signerName is not allowed via this API version");
        }
        else
        {
            SignerName.Validate(spec.Text("signerName"), "spec.signerName", errors);
        }
        if (spec.Number("expirationSeconds") < 600)
        {
            errors.Invalid(
                "spec.expirationSeconds",
                spec.Number("expirationSeconds"),
                "may not specify a duration less than 600 seconds (10 minutes)"
            );
        }
        Conditions(value, errors);
        Issued(value, old, errors);
    }

    private static void Request(string base64, FieldErrors errors)
    {
        try
        {
            var pem = Encoding.ASCII.GetString(Convert.FromBase64String(base64));
            if (!PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] != "CERTIFICATE REQUEST")
            {
                errors.Invalid("spec.request", base64, "PEM block type must be CERTIFICATE REQUEST");
                return;
            }
            CertificateRequest.LoadSigningRequestPem(
                pem,
                HashAlgorithmName.SHA256,
                CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions,
                RSASignaturePadding.Pkcs1
            );
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException)
        {
            errors.Invalid("spec.request", base64, "the request must be PKCS#10 with a valid signature");
        }
    }

    private static void Conditions(JsonObject value, FieldErrors errors)
    {
        const string path = "status.conditions";
        var types = new List<string>();
        foreach (var (condition, at) in value.Child("status").Indexed("conditions", "status"))
        {
            var (type, status) = (condition.Text("type"), condition.Text("status"));
            if (type.Length == 0)
            {
                errors.Required($"{at}.type");
            }
            var allowed = Decisions.Contains(type) ? TrueOnly : AllStatuses;
            if (status.Length == 0)
            {
                errors.Required($"{at}.status");
            }
            else if (!allowed.Contains(status))
            {
                errors.NotSupported($"{at}.status", status, allowed);
            }
            if ((type == "Approved" && types.Contains("Denied")) || (type == "Denied" && types.Contains("Approved")))
            {
                errors.Invalid(path, type, "Approved and Denied conditions are mutually exclusive");
            }
            if (types.Contains(type))
            {
                errors.Duplicate($"{at}.type", type);
            }
            types.Add(type);
        }
    }

    private static void Issued(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var (status, before) = (value.Child("status"), old.Child("status"));
        var (certificate, issued) = (status.Text("certificate"), before.Text("certificate"));
        if (certificate.Length > 0 && certificate != issued && IssuedCertificate.Problem(certificate) is { } problem)
        {
            errors.Invalid("status.certificate", "<certificate data>", problem);
        }
        foreach (var decided in Decisions)
        {
            int Count(JsonObject? of) => of.Objects("conditions").Count(c => c.Text("type") == decided);
            if (Count(status) < Count(before))
            {
                errors.Forbidden("status.conditions", $"updates may not remove a condition of type \"{decided}\"");
            }
        }
        if (issued.Length > 0 && issued != certificate)
        {
            errors.Forbidden("status.certificate", "updates may not modify existing certificate content");
        }
    }
}
