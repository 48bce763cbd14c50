using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Namespaces;

/// <summary>What is left of one kind in a namespace after all of it was deleted.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Remaining">How many objects are left.</param>
/// <param name="Finalizers">By name, how many of them have it.</param>
/// <param name="Estimate">How long it may take until they are gone; zero when nothing is known to hold them.</param>
public sealed record RemainingContent(ResourceKind Kind, int Remaining, SortedDictionary<string, int> Finalizers, TimeSpan Estimate)
{
    /// <summary>How long a finalizer is given.</summary>
    public static readonly TimeSpan FinalizerEstimate = TimeSpan.FromSeconds(15);

    /// <summary>Whether objects are left though nothing holds them.</summary>
    public bool IsUnexpected => Remaining > 0 && Estimate == TimeSpan.Zero;
}

/// <summary>Deletes everything of one kind in a namespace (upstream: namespacedResourcesDeleter).</summary>
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
        var grace = IsPods(kind) ? await GraceAsync(namespaceName, deletedAt, cancellationToken) : TimeSpan.Zero;
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
            grace > TimeSpan.Zero ? grace
            : finalizers.Count > 0 ? RemainingContent.FinalizerEstimate
            : TimeSpan.Zero;
        return new(kind, after.Count, finalizers, after.Count > 0 ? estimate : TimeSpan.Zero);
    }

    public static bool IsPods(ResourceKind kind) => kind is { Plural: "pods", Gvk.Group: "" };

    /// <summary>The longest graceful period of the pods that still run, unless it should be over by now.</summary>
    private async ValueTask<TimeSpan> GraceAsync(string namespaceName, DateTimeOffset deletedAt, CancellationToken cancellationToken)
    {
        var (pods, _) = await client.ListAsync<V1Pod>(namespaceName, cancellationToken);
        var longest = TimeSpan.FromSeconds(
            pods.Where(p => p.Status?.Phase is not ("Succeeded" or "Failed")).Max(p => p.Spec.TerminationGracePeriodSeconds) ?? 0
        );
        return time.GetUtcNow() - deletedAt < longest ? longest : TimeSpan.Zero;
    }

    private static V1DeleteOptions Background() => new() { PropagationPolicy = "Background" };
}
