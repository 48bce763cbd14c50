using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// Makes pods an owner's own, and lets them go. A pod that was changed meanwhile is a conflict; one that is gone is no problem.
/// </summary>
internal sealed class PodAdopter(ApiClient client, SharedCache<V1Pod> pods)
{
    /// <summary>Adds the owner as the pod's controller and waits until the cache shows it.</summary>
    public ValueTask AdoptAsync(PodOwner owner, V1Pod pod, CancellationToken cancellationToken) =>
        SetOwnersAsync(pod, [.. pod.Metadata.OwnerReferences ?? [], owner.Reference], cancellationToken);

    /// <summary>Takes the owner out of the pod's owners and waits until the cache shows it.</summary>
    public ValueTask ReleaseAsync(PodOwner owner, V1Pod pod, CancellationToken cancellationToken) =>
        SetOwnersAsync(pod, pod.Metadata.OwnerReferences.Where(o => o.Uid != owner.Uid), cancellationToken);

    private async ValueTask SetOwnersAsync(V1Pod pod, IEnumerable<V1OwnerReference> owners, CancellationToken cancellationToken)
    {
        var references = owners.Select(o => JsonNode.Parse(KubernetesJson.Serialize(o))).ToArray();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Metadata.Uid,
                ["resourceVersion"] = pod.Metadata.ResourceVersion,
                ["ownerReferences"] = references.Length == 0 ? null : new JsonArray(references),
            },
        };
        var key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
        try
        {
            var changed = await client.PatchAsync<V1Pod>(key, patch, cancellationToken);
            await pods.WaitForRevisionAsync(ulong.Parse(changed.Metadata.ResourceVersion), cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            await pods.WaitUntilAsync(() => pods.Get(key)?.Metadata.Uid != pod.Metadata.Uid, cancellationToken);
        }
    }
}
