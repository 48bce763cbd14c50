using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Model.Timing;
using Petrel.Workloads;

namespace Petrel.Controllers.Namespaces;

/// <summary>What is left of one kind in a namespace after the deletion.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Count">The number of objects.</param>
/// <param name="Finalizers">The number of objects by finalizer.</param>
/// <param name="Estimate">How long it may take until they are gone; zero when nothing is known to delay it.</param>
public sealed record RemainingContent(ResourceKind Kind, int Count, SortedDictionary<string, int> Finalizers, TimeSpan Estimate)
{
    /// <summary>The estimate for finalizers.</summary>
    public static readonly TimeSpan FinalizerEstimate = TimeSpan.FromSeconds(15);

    /// <summary>Whether objects remain for no known reason.</summary>
    public bool IsUnexpected => Count > 0 && Estimate == TimeSpan.Zero;
}

/// <summary>Deletes all objects of one kind in a namespace (upstream: namespacedResourcesDeleter).</summary>
internal sealed class NamespaceContentDeleter(ApiClient client, TimeProvider time)
{
    private readonly MetadataClient _metadata = new(client);

    public async ValueTask<RemainingContent> DeleteAsync(
        ResourceKind kind,
        string namespaceName,
        DateTimeOffset deletedAt,
        CancellationToken cancellationToken
    )
    {
        var (before, _) = await _metadata.ListAsync(kind, namespaceName, cancellationToken);
        if (before.Count == 0)
        {
            return new(kind, 0, new(StringComparer.Ordinal), TimeSpan.Zero);
        }
        var gracePeriod = IsPods(kind) ? await MaxGracePeriodAsync(namespaceName, deletedAt, cancellationToken) : TimeSpan.Zero;
        if (kind.Supports("deletecollection"))
        {
            await _metadata.DeleteCollectionAsync(kind, namespaceName, Background(), cancellationToken);
        }
        else
        {
            foreach (var item in before)
            {
                await _metadata.DeleteAsync(kind, item.Key, Background(), cancellationToken);
            }
        }
        var (after, _) = await _metadata.ListAsync(kind, namespaceName, cancellationToken);
        var finalizers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var finalizer in after.SelectMany(item => item.Finalizers))
        {
            finalizers[finalizer] = finalizers.GetValueOrDefault(finalizer) + 1;
        }
        var estimate =
            gracePeriod > TimeSpan.Zero ? gracePeriod
            : finalizers.Count > 0 ? RemainingContent.FinalizerEstimate
            : TimeSpan.Zero;
        return new(kind, after.Count, finalizers, after.Count > 0 ? estimate : TimeSpan.Zero);
    }

    public static bool IsPods(ResourceKind kind) => kind is { Plural: "pods", Gvk.Group: "" };

    /// <summary>The longest gracePeriod period of the unfinished pods; zero when it should be over by now.</summary>
    private async ValueTask<TimeSpan> MaxGracePeriodAsync(
        string namespaceName,
        DateTimeOffset deletedAt,
        CancellationToken cancellationToken
    )
    {
        var (pods, _) = await client.ListAsync<V1Pod>(namespaceName, cancellationToken);
        var longest = LongDurations.FromSeconds(pods.Where(p => !p.IsFinished()).Max(p => p.Spec.TerminationGracePeriodSeconds) ?? 0);
        return time.GetUtcNow() - deletedAt < longest ? longest : TimeSpan.Zero;
    }

    private static V1DeleteOptions Background() => new() { PropagationPolicy = "Background" };
}
