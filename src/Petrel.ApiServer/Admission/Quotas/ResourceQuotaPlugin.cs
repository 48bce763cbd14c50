using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;
using Petrel.Model.Quotas;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Quotas;

/// <summary>
/// Enforces the quotas of a namespace (upstream's ResourceQuota admission). The new usage is committed in one batch with the object, on
/// the condition that the quota is unchanged: when writes compete for the last of a resource, one succeeds.
/// </summary>
internal sealed class ResourceQuotaPlugin(IRevisionedStore store, KindRegistry kinds, TimeProvider time) : IAdmissionPlugin
{
    private readonly KindDefinition? _quotas = kinds.Find("", "v1", "resourcequotas");

    public string Name => "ResourceQuota";

    public bool Handles(AdmissionRequest request) =>
        _quotas is not null
        && request is { Kind.Namespaced: true, Object: not null }
        && (
            request.Operation switch
            {
                AdmissionOperation.Create => request.Subresource.Length == 0,
                AdmissionOperation.Update => IsChargedUpdate(request),
                _ => false,
            }
        );

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (QuotaEvaluators.For(request.Kind.Gvk.Group, request.Kind.Plural) is not { } evaluator)
        {
            return;
        }
        foreach (var entry in await AdmissionReads.ListAsync(store, _quotas!, request.Key.Namespace, cancellationToken))
        {
            var quota = DeepJson.Node(entry.Value.Span)!.AsObject();
            var charge = QuotaCharge.Of(quota, evaluator, request.Object!, request.Old, time.GetUtcNow());
            switch (charge.Outcome)
            {
                case QuotaOutcome.Refused:
                    throw request.Forbidden(charge.Problem);
                case QuotaOutcome.Charged:
                    quota.Ensure("status")["used"] = charge.Used!.ToDocument();
                    request.Commits.Add(StoreOperation.Put(entry.Key, StoredDocument.Encode(quota), entry.ModRevision));
                    break;
                case QuotaOutcome.Observed:
                    // Write the quota unchanged: its new resourceVersion invalidates a recount that has not seen this object.
                    request.Commits.Add(StoreOperation.Put(entry.Key, entry.Value, entry.ModRevision));
                    break;
            }
        }
    }

    private static bool IsChargedUpdate(AdmissionRequest request) =>
        request.Subresource switch
        {
            "" => QuotaEvaluators.For(request.Kind.Gvk.Group, request.Kind.Plural) is { ChargesUpdates: true },
            "resize" => request.Is("", "pods"),
            // The allocated size can exceed the requested one.
            "status" => request.Is("", "persistentvolumeclaims"),
            _ => false,
        };
}
