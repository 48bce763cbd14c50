using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// Creates and deletes the pods of owners, records the events, and returns when the pod cache shows the result (upstream:
/// <c>PodControl</c>). Writes whose outcome is not known become <see cref="Expectations{T}"/>.
/// </summary>
/// <param name="client">Sends the writes.</param>
/// <param name="cache">Shows their results.</param>
/// <param name="events">Records them.</param>
/// <param name="keepsRecovered">
/// Whether a pod that was not ready is deleted only if it has not changed (<see cref="PodDeletion.DeleteUnlessRecoveredAsync"/>).
/// </param>
internal sealed class PodWriter(ApiClient client, SharedCache<V1Pod> cache, EventRecorder events, bool keepsRecovered = false)
{
    /// <summary>The writes whose outcome is not known.</summary>
    public Expectations<V1Pod> Expectations { get; } = new();

    /// <summary>
    /// Repeats the owner's writes whose outcome is not known, as they were. No other write may be planned before this succeeds.
    /// </summary>
    public async ValueTask<PodBatchResult> RetryUnknownAsync(IKubernetesObject<V1ObjectMeta> owner, CancellationToken cancellationToken)
    {
        var deletes = Expectations.Pending(owner, WriteVerb.Delete);
        var created = await CreateAsync(owner, Expectations.Pending(owner, WriteVerb.Create), repeated: true, cancellationToken);
        var deleted = await DeleteAsync(owner, deletes, cancellationToken);
        return created.Error is not null || deleted.Succeeded ? created : deleted;
    }

    /// <summary>Creates pods at once.</summary>
    public ValueTask<PodBatchResult> CreateAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        IReadOnlyList<V1Pod> pods,
        CancellationToken cancellationToken
    ) => CreateAsync(owner, pods, repeated: false, cancellationToken);

    /// <summary>Deletes pods gracefully, at once, and no other pods that have their names by now.</summary>
    public async ValueTask<PodBatchResult> DeleteAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        IReadOnlyList<V1Pod> pods,
        CancellationToken cancellationToken
    )
    {
        var writes = await Task.WhenAll(pods.Select(pod => DeleteAsync(owner, pod, cancellationToken)));
        foreach (var (pod, write) in pods.Zip(writes))
        {
            if (write.Outcome == PodWriteOutcome.Succeeded)
            {
                await cache.WaitForDeletionAsync(pod, cancellationToken);
            }
        }
        return PodBatchResult.From(writes, "FailedDelete");
    }

    private async ValueTask<PodBatchResult> CreateAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        IReadOnlyList<V1Pod> pods,
        bool repeated,
        CancellationToken cancellationToken
    )
    {
        var writes = await Task.WhenAll(pods.Select(pod => CreateAsync(owner, pod, repeated, cancellationToken)));
        await cache.WaitForRevisionAsync(writes.Select(w => w.Revision).DefaultIfEmpty().Max(), cancellationToken);
        return PodBatchResult.From(writes, "FailedCreate");
    }

    private async Task<PodWriteResult> CreateAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        V1Pod pod,
        bool repeated,
        CancellationToken cancellationToken
    )
    {
        Expectations.Expect(owner, WriteVerb.Create, pod);
        var result = await TryCreateAsync(owner, pod, repeated, cancellationToken);
        if (result.Outcome != PodWriteOutcome.Unknown)
        {
            Expectations.Observe(owner, WriteVerb.Create, pod);
        }
        if (result.Outcome == PodWriteOutcome.Succeeded)
        {
            events.Record(owner, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
        }
        else if (result.Outcome != PodWriteOutcome.NamespaceTerminating)
        {
            events.Record(owner, "Warning", "FailedCreate", $"Error creating: {ErrorMessages.Of(result.Error!)}");
        }
        return result;
    }

    private async Task<PodWriteResult> TryCreateAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        V1Pod pod,
        bool repeated,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return Succeeded(await client.CreateAsync(pod, cancellationToken));
        }
        catch (Exception e) when (ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            return new(PodWriteOutcome.Unknown, Error: e);
        }
        catch (ApiException e) when (!repeated && !e.IsAlreadyExists)
        {
            return Rejected(e);
        }
        catch (ApiException e)
        {
            // This request was the repetition of an earlier one, by this controller or by a network that delivered it twice. Only the pod
            // tells whether the earlier one was executed. (If another object's pod has the name by chance, the create was rejected.)
            return await FindCreatedAsync(owner, pod, e, cancellationToken);
        }
    }

    private async Task<PodWriteResult> FindCreatedAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        V1Pod pod,
        ApiException rejection,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var found = await client.FindAsync<V1Pod>(pod.Key(), cancellationToken);
            if (found is null)
            {
                // With AlreadyExists, the pod existed a moment ago: it was created, and something deleted it.
                return rejection.IsAlreadyExists ? new(PodWriteOutcome.Succeeded) : Rejected(rejection);
            }
            return found.IsControlledBy(owner.Metadata.Uid) ? Succeeded(found) : Rejected(rejection);
        }
        catch (Exception e) when (e is ApiException || ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            return new(PodWriteOutcome.Unknown, Error: e);
        }
    }

    private async Task<PodWriteResult> DeleteAsync(IKubernetesObject<V1ObjectMeta> owner, V1Pod pod, CancellationToken cancellationToken)
    {
        Expectations.Expect(owner, WriteVerb.Delete, pod);
        try
        {
            var deleted = keepsRecovered
                ? await client.DeleteUnlessRecoveredAsync(cache, pod, cancellationToken)
                : await client.DeleteAsync<V1Pod>(pod.Key(), new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellationToken);
            Expectations.Observe(owner, WriteVerb.Delete, pod);
            if (deleted)
            {
                events.Record(owner, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            }
            return new(PodWriteOutcome.Succeeded);
        }
        catch (ApiException e) when (e.IsConflict)
        {
            Expectations.Observe(owner, WriteVerb.Delete, pod);
            return new(PodWriteOutcome.Outdated, Error: e);
        }
        catch (Exception e) when (e is ApiException || ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            events.Record(owner, "Warning", "FailedDelete", $"Error deleting: {ErrorMessages.Of(e)}");
            if (ApiFailures.IsOutcomeUnknown(e, cancellationToken))
            {
                return new(PodWriteOutcome.Unknown, Error: e);
            }
            Expectations.Observe(owner, WriteVerb.Delete, pod);
            return new(PodWriteOutcome.Rejected, Error: e);
        }
    }

    private static PodWriteResult Succeeded(V1Pod pod) => new(PodWriteOutcome.Succeeded, pod.Revision());

    private static PodWriteResult Rejected(ApiException e) =>
        new(e.IsNamespaceTerminating() ? PodWriteOutcome.NamespaceTerminating : PodWriteOutcome.Rejected, Error: e);
}
