using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Certificates;

/// <summary>
/// Writes into a request for a certificate who asks for it, whatever the request itself says (upstream: the registry's create strategy).
/// </summary>
internal sealed class CertificateRequester : IAdmissionPlugin
{
    public string Name => "CertificateRequester";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Create, Subresource.Length: 0 }
        && request.Is("certificates.k8s.io", "certificatesigningrequests");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object!.Ensure("spec");
        var user = request.Call.User;
        spec["username"] = user.Name;
        UserDocuments.Fill(spec, user);
        return ValueTask.CompletedTask;
    }
}
