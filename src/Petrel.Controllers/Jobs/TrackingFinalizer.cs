using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Adds and removes the tracking finalizer of pods, and returns when the cache shows it. A pod that changed since is a conflict; a pod that
/// is gone needs no change.
/// </summary>
internal sealed class TrackingFinalizer(ApiClient client, SharedCache<V1Pod> pods)
{
    private readonly MetadataWriter<V1Pod> _metadata = new(client, pods);

    /// <summary>Removes it. A pod whose deletion waited for that is gone then.</summary>
    public Task RemoveAsync(V1Pod pod, CancellationToken cancellationToken) =>
        _metadata.PatchAsync(pod, Without(pod), seen => !seen.IsTracked(), cancellationToken);

    /// <summary>Adds it.</summary>
    public Task AddAsync(V1Pod pod, CancellationToken cancellationToken) =>
        _metadata.PatchAsync(pod, With(pod), JobSpecs.IsTracked, cancellationToken);

    /// <summary>Makes the Job the pod's controller, and has the pod counted.</summary>
    public Task AdoptAsync(V1Job job, V1Pod pod, CancellationToken cancellationToken) =>
        _metadata.AdoptAsync(pod, OwnerReferences.ToController(job), With(pod), cancellationToken);

    /// <summary>Releases the pod, uncounted.</summary>
    public Task ReleaseAsync(V1Job job, V1Pod pod, CancellationToken cancellationToken) =>
        _metadata.ReleaseAsync(pod, job.Metadata.Uid, Without(pod), cancellationToken);

    private static JsonObject With(V1Pod pod) => Finalizers((pod.Metadata.Finalizers ?? []).Append(JobNames.TrackingFinalizer).Distinct());

    private static JsonObject Without(V1Pod pod) => Finalizers((pod.Metadata.Finalizers ?? []).Where(f => f != JobNames.TrackingFinalizer));

    private static JsonObject Finalizers(IEnumerable<string> names) =>
        new() { ["finalizers"] = ConditionalPatch.ArrayOrNull(names.Select(n => (JsonNode?)JsonValue.Create(n))) };
}
