using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Certificates;

/// <summary>
/// Approving a certificate request needs the right to <c>approve</c> for its signer, and issuing needs the right to <c>sign</c>, in
/// addition to the right to the subresource (upstream: CertificateApproval and CertificateSigning).
/// </summary>
internal sealed class SignerRights(ClusterAuthorizer authorizer) : IAdmissionPlugin
{
    public string Name => "CertificateApproval";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Update, Subresource: "approval" or "status" }
        && request.Is("certificates.k8s.io", "certificatesigningrequests");

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (status, before) = (request.Object.Child("status"), request.Old.Child("status"));
        var signs = request.Subresource == "status";
        if (
            signs
            && status.Text("certificate") == before.Text("certificate")
            && JsonNode.DeepEquals(status.List("conditions"), before.List("conditions"))
        )
        {
            return;
        }
        // Read the signer from the stored request: the spec cannot change.
        var signer = request.Old.Child("spec").Text("signerName");
        foreach (var name in (string[])[signer, $"{signer.Split('/')[0]}/*"])
        {
            var asked = new RequestInfo("", true, signs ? "sign" : "approve", "certificates.k8s.io", "v1", "", "signers", name);
            if (
                await authorizer.IsAllowedAsync(
                    asked,
                    new ApiRequest
                    {
                        Method = "POST",
                        Path = "",
                        User = request.Call.User,
                    },
                    cancellationToken
                )
            )
            {
                return;
            }
        }
        throw StatusErrors.Forbidden(
            request.Kind,
            request.Key.Name,
            $"user not permitted to {(signs ? "sign" : "approve")} requests with signerName \"{signer}\""
        );
    }
}
