using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Carries out a preemption at the API (upstream: prepareCandidate). Every step may be done twice: when an answer is lost, it is done again
/// until it is known that it was done, or can't be.
/// </summary>
internal sealed partial class Preemptor(ApiClient client, TimeProvider time, EventRecorder events, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private enum Outcome
    {
        Done,

        /// <summary>The pod is gone, or another one has its name.</summary>
        Gone,

        Refused,
    }

    /// <summary>
    /// Notes which pods wait for which nodes, then ends the victims. Answers false when that came to nothing: a preemptor is gone, or the
    /// API refused.
    /// </summary>
    public async Task<bool> RunAsync(
        IReadOnlyList<(PodInfo Pod, Candidate Candidate)> preemptors,
        IReadOnlyList<PodInfo> displaced,
        CancellationToken cancellationToken
    )
    {
        await Task.Yield();
        try
        {
            // The nominations come first: a scheduler that starts anew in between finds them, and the victims that end, and makes no
            // others.
            foreach (var (pod, candidate) in preemptors)
            {
                if (await NominateAsync(pod, candidate.Node, cancellationToken) != Outcome.Done)
                {
                    return false;
                }
            }
            foreach (var lower in displaced)
            {
                await NominateAsync(lower, null, cancellationToken);
            }
            foreach (var (pod, candidate) in preemptors)
            {
                foreach (var victim in candidate.Victims)
                {
                    if (await EndAsync(victim, pod, candidate.Node, cancellationToken) == Outcome.Refused)
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
            // Asked to stop; the next scheduler goes on from what the API has.
            return false;
        }
    }

    /// <summary>Notes that a pod waits for nothing any more.</summary>
    public async Task ClearAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await NominateAsync(pod, null, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private Task<Outcome> NominateAsync(PodInfo pod, string? node, CancellationToken cancellationToken) =>
        InsistAsync(
            async () =>
            {
                await PatchStatusAsync(pod, new JsonObject { ["nominatedNodeName"] = node }, cancellationToken);
                return true;
            },
            cancellationToken
        );

    private async Task<Outcome> EndAsync(PodInfo victim, PodInfo preemptor, string node, CancellationToken cancellationToken)
    {
        var condition = new JsonObject
        {
            ["type"] = Eligibility.DisruptionTarget,
            ["status"] = "True",
            ["reason"] = Eligibility.ByScheduler,
            ["message"] = $"{preemptor.Pod.Spec.SchedulerName}: preempting to accommodate a higher priority pod",
            ["lastTransitionTime"] = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        var outcome = await InsistAsync(
            async () =>
            {
                await PatchStatusAsync(victim, new JsonObject { ["conditions"] = new JsonArray(condition.DeepClone()) }, cancellationToken);
                return true;
            },
            cancellationToken
        );
        if (outcome == Outcome.Done)
        {
            // With its own grace. The uid is the precondition: not another pod of the same name.
            var options = new V1DeleteOptions { Preconditions = new() { Uid = victim.Uid } };
            outcome = await InsistAsync(() => client.DeleteAsync<V1Pod>(victim.Key, options, cancellationToken), cancellationToken);
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

    // Until it is known what came of it. A call that answers false found nothing to do it to.
    private async Task<Outcome> InsistAsync(Func<ValueTask<bool>> call, CancellationToken cancellationToken)
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
            catch (ApiException e) when (e.StatusCode is >= 400 and < 500 and not 408 and not 429)
            {
                return Outcome.Refused;
            }
            catch (Exception e)
                when (e is ApiException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                LogUnclear(logger, e.Message);
            }
            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 5020, Level = LogLevel.Warning, Message = "The API does not let {Victim} end for {Preemptor}")]
    private static partial void LogRefused(ILogger logger, Petrel.Model.ObjectKey victim, Petrel.Model.ObjectKey preemptor);

    [LoggerMessage(
        EventId = 5021,
        Level = LogLevel.Debug,
        Message = "A step of a preemption is done again, for nobody knows whether it was done: {Problem}"
    )]
    private static partial void LogUnclear(ILogger logger, string problem);
}
