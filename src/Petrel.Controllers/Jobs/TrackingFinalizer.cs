using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Takes the tracking finalizer off pods and puts it on, and returns when the cache shows it. A pod that was changed meanwhile is a
/// conflict; one that is gone is no problem.
/// </summary>
internal sealed class TrackingFinalizer(ApiClient client, SharedCache<V1Pod> pods)
{
    /// <summary>Takes it off. A pod that was only waiting for that is gone then.</summary>
    public async Task RemoveAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        await PatchAsync(pod, new() { ["finalizers"] = Without(pod) }, cancellationToken);
        await WaitForCacheAsync(pod, seen => !seen.IsTracked(), cancellationToken);
    }

    /// <summary>Puts it on.</summary>
    public async Task AddAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        await PatchAsync(pod, new() { ["finalizers"] = With(pod) }, cancellationToken);
        await WaitForCacheAsync(pod, JobSpecs.IsTracked, cancellationToken);
    }

    /// <summary>Makes the pod the owner's, and one that is counted.</summary>
    public async Task AdoptAsync(PodOwner owner, V1Pod pod, CancellationToken cancellationToken)
    {
        var owners = (pod.Metadata.OwnerReferences ?? []).Append(owner.Reference);
        await PatchAsync(pod, new() { ["ownerReferences"] = Owners(owners), ["finalizers"] = With(pod) }, cancellationToken);
        await WaitForCacheAsync(pod, seen => seen.IsControlledBy(owner.Uid), cancellationToken);
    }

    /// <summary>Lets the pod go, uncounted.</summary>
    public async Task ReleaseAsync(PodOwner owner, V1Pod pod, CancellationToken cancellationToken)
    {
        var owners = (pod.Metadata.OwnerReferences ?? []).Where(o => o.Uid != owner.Uid);
        await PatchAsync(pod, new() { ["ownerReferences"] = Owners(owners), ["finalizers"] = Without(pod) }, cancellationToken);
        await WaitForCacheAsync(pod, seen => !seen.IsControlledBy(owner.Uid), cancellationToken);
    }

    private async Task PatchAsync(V1Pod pod, JsonObject metadata, CancellationToken cancellationToken)
    {
        metadata["uid"] = pod.Metadata.Uid;
        metadata["resourceVersion"] = pod.Metadata.ResourceVersion;
        try
        {
            await client.PatchAsync<V1Pod>(KeyOf(pod), new() { ["metadata"] = metadata }, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // The cache will show it.
        }
    }

    private ValueTask WaitForCacheAsync(V1Pod pod, Func<V1Pod, bool> isSo, CancellationToken cancellationToken) =>
        pods.WaitUntilAsync(
            () => pods.Get(KeyOf(pod)) is not { } seen || seen.Metadata.Uid != pod.Metadata.Uid || isSo(seen),
            cancellationToken
        );

    private static JsonArray? With(V1Pod pod) => Names((pod.Metadata.Finalizers ?? []).Append(JobNames.TrackingFinalizer).Distinct());

    private static JsonArray? Without(V1Pod pod) => Names((pod.Metadata.Finalizers ?? []).Where(f => f != JobNames.TrackingFinalizer));

    private static JsonArray? Names(IEnumerable<string> names) => Array(names.Select(n => (JsonNode?)JsonValue.Create(n)));

    private static JsonArray? Owners(IEnumerable<V1OwnerReference> owners) =>
        Array(owners.Select(o => JsonNode.Parse(KubernetesJson.Serialize(o))));

    // A merge patch removes what it sets to null.
    private static JsonArray? Array(IEnumerable<JsonNode?> items) => items.ToArray() is { Length: > 0 } some ? new(some) : null;

    private static ObjectKey KeyOf(V1Pod pod) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
}
