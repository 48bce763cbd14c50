using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Documents;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Metrics;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Sends the requests of a preemption to the API (upstream: prepareCandidate). Every request may be sent twice: after a lost answer it is
/// sent again until the outcome is known.
/// </summary>
internal sealed partial class Preemptor(ApiClient client, TimeProvider time, EventRecorder events, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private enum Outcome
    {
        Done,

        /// <summary>The pod is gone, or another pod has its name.</summary>
        Gone,

        Refused,
    }

    /// <summary>Writes the nominations, then deletes the victims. False when a preemptor is gone or the API refused.</summary>
    public async Task<bool> RunAsync(
        IReadOnlyList<(PodInfo Pod, Candidate Candidate)> preemptors,
        IReadOnlyList<PodInfo> clearedNominations,
        CancellationToken cancellationToken
    )
    {
        await Task.Yield();
        try
        {
            // Nominations first: a scheduler that restarts in between finds them and the terminating victims, and preempts no others.
            foreach (var (pod, candidate) in preemptors)
            {
                if (await NominateAsync(pod, candidate.Node, cancellationToken) != Outcome.Done)
                {
                    return false;
                }
            }
            foreach (var lower in clearedNominations)
            {
                await NominateAsync(lower, null, cancellationToken);
            }
            foreach (var (pod, candidate) in preemptors)
            {
                SchedulerMetrics.Preempted(candidate.Victims.Count);
                foreach (var victim in candidate.Victims)
                {
                    if (await DeleteVictimAsync(victim, pod, candidate.Node, cancellationToken) == Outcome.Refused)
                    {
                        LogRefused(logger, victim.Key, pod.Key);
                        await NominateAsync(pod, null, cancellationToken);
                        return false;
                    }
                }
            }
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The scheduler was asked to stop. The next one continues from what the API has.
            return false;
        }
    }

    /// <summary>Clears the nomination of a pod.</summary>
    public async Task ClearAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await NominateAsync(pod, null, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The scheduler was asked to stop.
        }
    }

    private Task<Outcome> NominateAsync(PodInfo pod, string? node, CancellationToken cancellationToken) =>
        RetryUntilKnownAsync(
            async () =>
            {
                await PatchStatusAsync(pod, new JsonObject { ["nominatedNodeName"] = node }, cancellationToken);
                return true;
            },
            cancellationToken
        );

    private async Task<Outcome> DeleteVictimAsync(PodInfo victim, PodInfo preemptor, string node, CancellationToken cancellationToken)
    {
        var condition = new JsonObject
        {
            ["type"] = PreemptionEligibility.DisruptionTarget,
            ["status"] = "True",
            ["reason"] = PreemptionEligibility.ByScheduler,
            ["message"] = $"{preemptor.Pod.Spec.SchedulerName}: preempting to accommodate a higher priority pod",
            ["lastTransitionTime"] = time.GetUtcNow().ToTimestamp(),
        };
        var outcome = await RetryUntilKnownAsync(
            async () =>
            {
                await PatchStatusAsync(victim, new JsonObject { ["conditions"] = new JsonArray(condition.DeepClone()) }, cancellationToken);
                return true;
            },
            cancellationToken
        );
        if (outcome == Outcome.Done)
        {
            // With the pod's own grace period. The uid is a precondition: another pod of the same name is not deleted.
            var options = new V1DeleteOptions { Preconditions = new() { Uid = victim.Uid } };
            outcome = await RetryUntilKnownAsync(
                () => client.DeleteAsync<V1Pod>(victim.Key, options, cancellationToken),
                cancellationToken
            );
        }
        if (outcome == Outcome.Done)
        {
            events.Record(victim.Pod, "Normal", "Preempted", $"Preempted by pod {preemptor.Uid} on node {node}");
        }
        return outcome;
    }

    private async ValueTask PatchStatusAsync(PodInfo pod, JsonObject status, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Uid },
            ["status"] = status,
        };
        // Strategic: merges into the list of conditions by type.
        await client.SendAsync(
            "PATCH",
            TypedKind<V1Pod>.Path(pod.Key.Namespace, pod.Key.Name, "status"),
            [],
            Encoding.UTF8.GetBytes(patch.ToJsonString()),
            "application/strategic-merge-patch+json",
            cancellationToken
        );
    }

    // Repeats the call until its outcome is known. A call returns false when its object does not exist.
    private async Task<Outcome> RetryUntilKnownAsync(Func<ValueTask<bool>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call() ? Outcome.Done : Outcome.Gone;
            }
            catch (ApiException e) when (e.IsNotFound || e.IsConflict)
            {
                return Outcome.Gone;
            }
            catch (ApiException e) when (!ApiFailures.IsTransient(e, cancellationToken))
            {
                return Outcome.Refused;
            }
            catch (Exception e) when (ApiFailures.IsTransient(e, cancellationToken))
            {
                LogUnclear(logger, e.Message);
            }
            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 7020, Level = LogLevel.Warning, Message = "The API refuses to delete {Victim}, which {Preemptor} preempts")]
    private static partial void LogRefused(ILogger logger, Petrel.Model.ObjectKey victim, Petrel.Model.ObjectKey preemptor);

    [LoggerMessage(
        EventId = 7021,
        Level = LogLevel.Debug,
        Message = "A request of a preemption is sent again, because its outcome is unknown: {Problem}"
    )]
    private static partial void LogUnclear(ILogger logger, string problem);
}
