using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Limits;

/// <summary>
/// Applies the LimitRanges of a namespace to pods and claims: defaults first, then bounds (upstream's LimitRanger admission).
/// </summary>
internal sealed class LimitRanger(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    private readonly KindDefinition? _ranges = kinds.Find("", "v1", "limitranges");

    public string Name => "LimitRanger";

    public bool Handles(AdmissionRequest request) =>
        _ranges is not null
        && (request.Operation, request.Subresource) switch
        {
            (AdmissionOperation.Create, "") => IsPod(request) || request.Is("", "persistentvolumeclaims"),
            // Only the resize subresource changes the resources of a pod.
            (AdmissionOperation.Update, "resize") => IsPod(request),
            (AdmissionOperation.Update, "") => request.Is("", "persistentvolumeclaims")
                && !request.Object!.Metadata().Has("deletionTimestamp"),
            _ => false,
        };

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (IsPod(request))
        {
            foreach (var entry in await AdmissionReads.ListAsync(store, _ranges!, request.Key.Namespace, cancellationToken))
            {
                LimitDefaults.Apply(DeepJson.Node(entry.Value.Span)!.AsObject(), request.Object!);
            }
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var entry in await AdmissionReads.ListAsync(store, _ranges!, request.Key.Namespace, cancellationToken))
        {
            var range = DeepJson.Node(entry.Value.Span)!.AsObject();
            var problems = IsPod(request) ? LimitRules.OfPod(range, request.Object!) : LimitRules.OfClaim(range, request.Object!);
            if (problems.Count > 0)
            {
                throw request.Forbidden(LimitRules.Message(problems));
            }
        }
    }

    private static bool IsPod(AdmissionRequest request) => request.Is("", "pods");
}
