using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Certificates;

/// <summary>
/// Sets the requesting user in a certificate request, overwriting what the client sent (upstream: the registry's create strategy).
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
