using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// How bringing a set to its size went. <see cref="Problem"/> is the first failure; <see cref="Stale"/> says that the set in the cache was
/// not the newest and nothing may be concluded from it.
/// </summary>
internal sealed record ManageResult(Exception? Problem = null, string Reason = "", bool Stale = false)
{
    public static ManageResult Good { get; } = new();

    public static ManageResult Behind { get; } = new(Stale: true);
}

/// <summary>
/// Carries out a <see cref="ReplicaSetPlan"/>. It returns only when the pod cache shows what was done, so that the next plan starts from
/// it, and starts nothing new while the outcome of an earlier write is unknown.
/// </summary>
internal sealed class ReplicaManager<T>(
    ReplicaKind<T> kind,
    ApiClient client,
    ClusterCaches caches,
    PodWriter writer,
    Expectations expectations,
    IEntropy entropy
)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly PodAdopter _claims = new(client, caches.Pods);

    /// <summary>Repeats the writes whose outcome is unknown, exactly as they were, until they are known.</summary>
    public async ValueTask<ManageResult> RetryUnknownWritesAsync(T set, CancellationToken cancellationToken)
    {
        var (creates, deletes) = expectations.Pending(PodOwner.Of(set));
        var created = await CreateAsync(set, creates, repeated: true, cancellationToken);
        var deleted = await DeleteAsync(set, deletes, cancellationToken);
        return created.Problem is null ? deleted : created;
    }

    /// <summary>Adopts and releases; false when the set is not, or no longer, the one that may adopt.</summary>
    public async ValueTask<bool> ClaimAsync(T set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Release)
        {
            await _claims.ReleaseAsync(PodOwner.Of(set), pod, cancellationToken);
        }
        if (plan.Adopt.Count > 0 && !await IsUpToDateAsync(set, cancellationToken))
        {
            return false;
        }
        foreach (var pod in plan.Adopt)
        {
            await _claims.AdoptAsync(PodOwner.Of(set), pod, cancellationToken);
        }
        return true;
    }

    /// <summary>Creates or deletes what the plan says.</summary>
    public async ValueTask<ManageResult> ApplyAsync(T set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Delete.Count > 0)
        {
            return await IsUpToDateAsync(set, cancellationToken)
                ? await DeleteAsync(set, plan.Delete, cancellationToken)
                : ManageResult.Behind;
        }
        // Slow start: what makes one create fail (a quota, say) makes them all fail, and is found out with few of them.
        var batch = 1;
        for (var left = plan.Create; left > 0; batch *= 2)
        {
            // Another set of the same owner may have grown because this one was told to shrink: never create from an old spec.
            if (!await IsUpToDateAsync(set, cancellationToken))
            {
                return ManageResult.Behind;
            }
            var template = kind.View(set).Spec.Template;
            var next = Enumerable
                .Range(0, Math.Min(batch, left))
                .Select(_ => TemplatePod.From(PodOwner.Of(set), template, entropy))
                .ToArray();
            left -= next.Length;
            var result = await CreateAsync(set, next, repeated: false, cancellationToken);
            if (result != ManageResult.Good)
            {
                return result.Problem is null ? ManageResult.Good : result;
            }
        }
        return ManageResult.Good;
    }

    private async ValueTask<ManageResult> CreateAsync(T set, IReadOnlyList<V1Pod> pods, bool repeated, CancellationToken cancellationToken)
    {
        var writes = await Task.WhenAll(pods.Select(pod => writer.CreateAsync(PodOwner.Of(set), pod, repeated, cancellationToken)));
        await caches.Pods.WaitForRevisionAsync(writes.Select(w => w.Revision).DefaultIfEmpty().Max(), cancellationToken);
        return Judge(writes, "FailedCreate");
    }

    private async ValueTask<ManageResult> DeleteAsync(T set, IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken)
    {
        var writes = await Task.WhenAll(pods.Select(pod => writer.DeleteAsync(PodOwner.Of(set), pod, cancellationToken)));
        foreach (var (pod, write) in pods.Zip(writes))
        {
            if (write.Outcome == PodWriteOutcome.Succeeded)
            {
                var key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
                await caches.Pods.WaitUntilAsync(
                    () => caches.Pods.Get(key) is not { } seen || seen.Metadata.Uid != pod.Metadata.Uid || !seen.IsActive(),
                    cancellationToken
                );
            }
        }
        return Judge(writes, "FailedDelete");
    }

    // A namespace on its way out ends the work without being a problem.
    private static ManageResult Judge(PodWrite[] writes, string reason)
    {
        var failed = writes.FirstOrDefault(w => w.Outcome is PodWriteOutcome.Rejected or PodWriteOutcome.Unknown);
        if (failed.Problem is { } problem)
        {
            return new(problem, reason);
        }
        return writes.Any(w => w.Outcome == PodWriteOutcome.NamespaceTerminating) ? new(Reason: "NamespaceTerminating") : ManageResult.Good;
    }

    // Whether the cached set asks for what the set asks for now. If not, returns when the cache has caught up.
    private async ValueTask<bool> IsUpToDateAsync(T set, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(set.Metadata.NamespaceProperty, set.Metadata.Name);
        var live = await client.FindAsync<T>(key, cancellationToken);
        if (live is null)
        {
            await kind.Cache(caches).WaitUntilAsync(() => kind.Cache(caches).Get(key)?.Metadata.Uid != set.Metadata.Uid, cancellationToken);
            return false;
        }
        var same =
            live.Metadata.Uid == set.Metadata.Uid
            && live.Metadata.Generation == set.Metadata.Generation
            && kind.View(live).Spec.Replicas == kind.View(set).Spec.Replicas
            && live.Metadata.DeletionTimestamp is null == set.Metadata.DeletionTimestamp is null;
        if (!same)
        {
            await kind.Cache(caches).WaitForRevisionAsync(ulong.Parse(live.Metadata.ResourceVersion), cancellationToken);
        }
        return same;
    }
}
