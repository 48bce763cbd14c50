using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Binding;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Metrics;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler;

/// <content>From a node to a bound pod: reserve, permit, pre-bind and bind, and what happens when one of them fails.</content>
public sealed partial class PodScheduler
{
    private static (IPlugin Plugin, Status Refusal)? Reserve(PlacedPod placed)
    {
        foreach (var plugin in placed.Profile.Reserve)
        {
            if (plugin.Reserve(placed.Pod, placed.Node) is { } refusal)
            {
                Unreserve(placed);
                return (plugin, refusal);
            }
        }
        return null;
    }

    private static void Unreserve(PlacedPod placed)
    {
        foreach (var plugin in placed.Profile.Reserve.Reverse())
        {
            plugin.Unreserve(placed.Pod, placed.Node);
        }
    }

    private void RunPermitPlugins(PlacedPod placed, CancellationToken cancellationToken)
    {
        var waitsFor = new List<(IPlugin, TimeSpan)>();
        foreach (var plugin in placed.Profile.Permit)
        {
            var permit = plugin.Permit(placed.Pod, placed.Node);
            if (permit.Refusal is not null)
            {
                Unreserve(placed);
                RevertPlacement(placed, plugin, permit.Refusal);
                return;
            }
            if (permit.Timeout is { } timeout)
            {
                waitsFor.Add((plugin, timeout));
            }
        }
        if (waitsFor.Count > 0)
        {
            _waiting.Add(placed, waitsFor);
        }
        else
        {
            Bind(placed, cancellationToken);
        }
    }

    private void CompletePermit(PermitDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Refusal is null)
        {
            Bind(decision.Placed, cancellationToken);
            return;
        }
        Unreserve(decision.Placed);
        RevertPlacement(decision.Placed, decision.Plugin!, decision.Refusal);
    }

    // Frees the place. The pod waits for an event that may help it.
    private void RevertPlacement(PlacedPod placed, IPlugin plugin, Status refusal)
    {
        var message = string.Join(", ", refusal.Reasons);
        LogUnschedulable(_logger, placed.Pod.Key, message);
        ForgetAssumed(placed.Pod);
        _queue.PutUnschedulable(placed.Queued, plugin.RetryEvents(), [plugin]);
        ReportFailure(placed.Pod, "Unschedulable", message);
    }

    // Removes an assumed pod from its node. Other pods may fit then.
    private void ForgetAssumed(PodInfo pod)
    {
        if (_cluster.Forget(pod.Uid))
        {
            _queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = pod });
        }
    }

    private void Bind(PlacedPod placed, CancellationToken cancellationToken) => _bindings[placed] = BindAsync(placed, cancellationToken);

    private async Task BindAsync(PlacedPod placed, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            foreach (var plugin in placed.Profile.PreBind)
            {
                if (
                    plugin.Concerns(placed.Pod, placed.Node)
                    && await plugin.PreBindAsync(placed.Pod, placed.NodeName, cancellationToken) is { } refusal
                )
                {
                    Post(() => OnBindingEnded(placed, BindResult.Refused, refusal, cancellationToken));
                    return;
                }
            }
            var (result, problem) = await _binder.BindAsync(placed.Pod, placed.NodeName, cancellationToken);
            Post(() => OnBindingEnded(placed, result, problem, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The scheduler was asked to stop. The next one finds the pod bound, or not.
        }
    }

    private void OnBindingEnded(PlacedPod placed, BindResult result, string problem, CancellationToken cancellationToken)
    {
        _bindings.Remove(placed);
        var pod = placed.Pod;
        if (result == BindResult.Bound)
        {
            LogBound(_logger, pod.Key, placed.NodeName);
            var now = _time.GetUtcNow();
            SchedulerMetrics.Attempted("scheduled", pod.Pod.Spec.SchedulerName ?? "", now - placed.Since);
            SchedulerMetrics.Bound(placed.Queued.Failures + 1, now - placed.Queued.Added);
            _events.Record(pod.Pod, "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {placed.NodeName}");
            _cluster.Nominations.Remove(pod.Uid);
            RemoveFromQueue(placed.Queued);
            return;
        }
        LogNotBound(_logger, pod.Key, placed.NodeName, result, problem);
        if (result == BindResult.Refused && KeepsPlace(placed))
        {
            _bindings[placed] = BindAgainAsync(placed, cancellationToken);
            return;
        }
        _decisions?.NotBound(pod.Uid, problem);
        SchedulerMetrics.Attempted("error", pod.Pod.Spec.SchedulerName ?? "", _time.GetUtcNow() - placed.Since);
        Unreserve(placed);
        ForgetAssumed(pod);
        if (result == BindResult.Refused)
        {
            _queue.PutFailed(placed.Queued);
            ReportFailure(pod, "SchedulerError", $"binding rejected: {problem}");
        }
        else
        {
            // The watch tells where the pod is, or that it is gone.
            RemoveFromQueue(placed.Queued);
        }
    }

    // Another pod may have taken the name since.
    private void RemoveFromQueue(QueuedPod queued)
    {
        if (_queue.Find(queued.Pod.Key) == queued)
        {
            _queue.Remove(queued.Pod.Key);
        }
    }
}
