using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Certificates;

/// <summary>
/// Sets the times of a certificate request's conditions, and allows Approved and Denied only through the approval subresource
/// (upstream: the registry's update strategies).
/// </summary>
internal sealed class CertificateConditions(TimeProvider time) : IAdmissionPlugin
{
    public string Name => "CertificateConditions";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Update, Subresource: "approval" or "status" }
        && request.Is("certificates.k8s.io", "certificatesigningrequests");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToTimestamp();
        foreach (var condition in request.Object.Child("status").Objects("conditions"))
        {
            condition.Fill("lastUpdateTime", now);
            var before = request
                .Old.Child("status")
                .Objects("conditions")
                .FirstOrDefault(c =>
                    c.Text("type") == condition.Text("type")
                    && c.Text("status") == condition.Text("status")
                    && c.Text("lastTransitionTime").Length > 0
                );
            condition.Fill("lastTransitionTime", before is null ? now : before.Text("lastTransitionTime"));
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        foreach (var type in (ReadOnlySpan<string>)["Approved", "Denied"])
        {
            var (next, before) = (OfType(request.Object!, type), OfType(request.Old!, type));
            if (request.Subresource == "status" && next.Count > before.Count)
            {
                errors.Forbidden("status.conditions", $"updates may not add a condition of type \"{type}\"");
            }
            else if (request.Subresource == "status" && next.Count == before.Count && !JsonNode.DeepEquals(next, before))
            {
                errors.Forbidden("status.conditions", $"updates may not modify a condition of type \"{type}\"");
            }
        }
        return errors.Any ? throw StatusErrors.Invalid(request.Kind, request.Key.Name, errors.All) : ValueTask.CompletedTask;
    }

    private static JsonArray OfType(JsonObject value, string type) =>
        [.. value.Child("status").Objects("conditions").Where(c => c.Text("type") == type).Select(c => c.DeepClone())];
}
