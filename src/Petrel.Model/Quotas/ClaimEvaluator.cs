using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>PersistentVolumeClaims: their number and their requested storage, in total and per storage class.</summary>
internal sealed class ClaimEvaluator : IQuotaEvaluator
{
    private const string ObjectCount = "count/persistentvolumeclaims";
    private const string Claims = "persistentvolumeclaims";
    private const string Storage = "requests.storage";
    private const string ByClass = ".storageclass.storage.k8s.io/";

    // The storage request of a claim may be increased.
    public bool ChargesUpdates => true;

    public bool Counts(string resource) =>
        resource is ObjectCount or Claims or Storage
        || resource.EndsWith(ByClass + Claims, StringComparison.Ordinal)
        || resource.EndsWith(ByClass + Storage, StringComparison.Ordinal);

    public ResourceAmounts Usage(JsonObject document, DateTimeOffset now)
    {
        var one = Quantity.FromValue(1);
        var usage = new ResourceAmounts { [ObjectCount] = one, [Claims] = one };
        var storageClass = Class(document);
        if (storageClass.Length > 0)
        {
            usage[storageClass + ByClass + Claims] = one;
        }
        var requests = ResourceAmounts.From(document.Child("spec").Child("resources")?["requests"]);
        if (requests.Has("storage"))
        {
            var allocated = ResourceAmounts.From(document.Child("status")?["allocatedResources"])["storage"];
            var amount = allocated > requests["storage"] ? allocated : requests["storage"];
            // Quotas count whole bytes.
            amount = Quantity.FromValue(amount.Value, amount.Format);
            usage[Storage] = amount;
            if (storageClass.Length > 0)
            {
                usage[storageClass + ByClass + Storage] = amount;
            }
        }
        return usage;
    }

    public bool Meets(ScopeSelector selector, JsonObject document) =>
        selector.Scope == "VolumeAttributesClass" && selector.Meets(AttributesClasses(document));

    public string? Problem(IReadOnlyCollection<string> resources, JsonObject document) => null;

    // The beta annotation takes precedence over spec.storageClassName.
    private static string Class(JsonObject claim) =>
        claim.Child("metadata").Child("annotations").Text("volume.beta.kubernetes.io/storage-class") is { Length: > 0 } old
            ? old
            : claim.Child("spec").Text("storageClassName");

    private static SortedSet<string> AttributesClasses(JsonObject claim)
    {
        var status = claim.Child("status");
        string[] names =
        [
            claim.Child("spec").Text("volumeAttributesClassName"),
            status.Text("currentVolumeAttributesClassName"),
            status.Child("modifyVolumeStatus").Text("targetVolumeAttributesClassName"),
        ];
        return new(names.Where(n => n.Length > 0), StringComparer.Ordinal);
    }
}
