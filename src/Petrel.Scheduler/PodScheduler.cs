using System.Threading.Channels;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Binding;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler;

/// <summary>
/// Gives each pending pod a node (upstream: kube-scheduler with its default plugins, without volumes and preemption). One loop
/// owns all state: watches and finished bindings send it messages; between messages it takes a pod from the queue, finds its node,
/// and assumes the placement while the binding is on its way. Nothing is kept that the API doesn't have: it can stop at any moment.
/// </summary>
public sealed partial class PodScheduler
{
    // Each pod of a large Deployment has its event, and they are scheduled faster than events are sent.
    private const int MaxQueuedEvents = 10_000;

    private readonly TimeProvider _time;
    private readonly SchedulerSettings _settings;
    private readonly ILogger _logger;
    private readonly SharedCache<V1Pod> _pods;
    private readonly SharedCache<V1Node> _nodes;
    private readonly SharedCache<V1Namespace> _namespaces;
    private readonly PodBinder _binder;
    private readonly FailureReporter _failures;
    private readonly EventRecorder _events;
    private readonly Channel<Action> _messages = Channel.CreateUnbounded<Action>(new() { SingleReader = true });

    // The loop's own.
    private readonly ClusterState _cluster = new();
    private readonly SchedulingQueue _queue;
    private readonly SchedulingCycle _cycle;
    private readonly Dictionary<QueuedPod, Task> _bindings = [];

    public PodScheduler(ApiClient client, TimeProvider time, IEntropy entropy, SchedulerSettings settings, ILoggerFactory logs)
    {
        _time = time;
        _settings = settings;
        _logger = logs.CreateLogger<PodScheduler>();
        _pods = new(client, time, _logger);
        _nodes = new(client, time, _logger);
        _namespaces = new(client, time, _logger);
        _binder = new(client, time);
        _failures = new(client, time, _logger);
        _events = new(client, settings.SchedulerName, "", time, entropy, _logger, MaxQueuedEvents);
        _queue = new(time, settings);
        _cycle = new(entropy, settings.PercentageOfNodesToScore);
        _pods.OnChange(change => Send(() => OnPod(change)));
        _nodes.OnChange(change => Send(() => OnNode(change)));
        _namespaces.OnChange(change => Send(() => OnNamespace(change)));
    }

    /// <summary>Schedules until cancelled; call it once. Fails when a part of it fails: start a new scheduler then.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var stop = stopping.Token;
        Task[] parts =
        [
            _pods.RunAsync(stop), _nodes.RunAsync(stop), _namespaces.RunAsync(stop), _failures.RunAsync(stop), _events.RunAsync(stop), ScheduleAsync(stop),
        ];
        await Task.WhenAny(parts);
        stopping.Cancel();
        await Task.WhenAll(parts);
    }

    private async Task ScheduleAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var alarm = _time.CreateTimer(_ => Send(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            // Without the pods that are placed already, nodes would look empty.
            await _namespaces.WaitForRevisionAsync(1, cancellationToken);
            await _nodes.WaitForRevisionAsync(1, cancellationToken);
            await _pods.WaitForRevisionAsync(1, cancellationToken);
            while (!cancellationToken.IsCancellationRequested)
            {
                while (_messages.Reader.TryRead(out var message))
                {
                    message();
                }
                if (_bindings.Count < _settings.MaxBindingsInFlight && _queue.TryTake(out var queued))
                {
                    Schedule(queued, cancellationToken);
                    continue;
                }
                if (_queue.NextDue is { } due)
                {
                    var wait = due - _time.GetUtcNow();
                    alarm.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                }
                await _messages.Reader.WaitToReadAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        foreach (var binding in _bindings.Values)
        {
            await binding;
        }
    }

    private void Schedule(QueuedPod queued, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        var placement = _cycle.Schedule(pod, _cluster);
        if (placement.NodeName is { } node)
        {
            _cluster.Place(pod, node, assumed: true);
            _bindings[queued] = BindAsync(queued, pod, node, cancellationToken);
            return;
        }
        LogUnschedulable(_logger, pod.Key, placement.Message);
        _queue.PutUnschedulable(queued, placement.RetryOn);
        ReportFailure(pod, "Unschedulable", placement.Message);
    }

    private async Task BindAsync(QueuedPod queued, PodInfo pod, string node, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            var (result, problem) = await _binder.BindAsync(pod, node, cancellationToken);
            Send(() => OnBound(queued, pod, node, result, problem));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; the next scheduler finds the pod bound, or not.
        }
    }

    private void OnBound(QueuedPod queued, PodInfo pod, string node, BindResult result, string problem)
    {
        _bindings.Remove(queued);
        if (result == BindResult.Bound)
        {
            LogBound(_logger, pod.Key, node);
            _events.Record(pod.Pod, "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {node}");
            RemoveFromQueue(queued);
            return;
        }
        LogNotBound(_logger, pod.Key, node, result, problem);
        if (_cluster.Forget(pod.Uid))
        {
            _queue.Move(ClusterEvents.PodDeleted);
        }
        if (result == BindResult.Refused)
        {
            _queue.PutFailed(queued);
            ReportFailure(pod, "SchedulerError", $"binding rejected: {problem}");
        }
        else
        {
            // The watch tells where it is, or that it is gone.
            RemoveFromQueue(queued);
        }
    }

    private void ReportFailure(PodInfo pod, string reason, string message)
    {
        _events.Record(pod.Pod, "Warning", "FailedScheduling", message);
        _failures.Report(pod.Pod, reason, message);
    }

    // Another pod may have taken the name meanwhile.
    private void RemoveFromQueue(QueuedPod queued)
    {
        if (_queue.Find(queued.Pod.Key) == queued)
        {
            _queue.Remove(queued.Pod.Key);
        }
    }

    private void OnPod(CacheChange<V1Pod> change)
    {
        if (change.Old is { } old && (change.New is null || change.New.Metadata.Uid != old.Metadata.Uid))
        {
            OnGone(old);
        }
        if (change.New is not { } pod)
        {
            return;
        }
        if (pod.Status?.Phase is "Succeeded" or "Failed")
        {
            OnGone(pod);
        }
        else if (pod.Spec.NodeName is { Length: > 0 } node)
        {
            OnPlaced(new(pod), node);
        }
        else if (!WantsScheduling(pod))
        {
            _queue.Remove(KeyOf(pod));
        }
        else if (!_cluster.IsAssumed(pod.Metadata.Uid) || _queue.Find(KeyOf(pod))?.Pod.Uid == pod.Metadata.Uid)
        {
            // Not one that is bound already, of which the watch still tells from before.
            _queue.AddOrUpdate(new(pod), PodChanges.WhatItAsks(change.Old, pod));
        }
    }

    private void OnPlaced(PodInfo pod, string node)
    {
        _queue.Remove(pod.Key);
        var wasAssumed = _cluster.IsAssumed(pod.Uid);
        var known = _cluster.Find(pod.Uid);
        _cluster.Place(pod, node);
        if (known is null || wasAssumed || !PodChanges.SameLabels(known.Pod, pod.Pod))
        {
            _queue.Move(ClusterEvents.PodAdded);
        }
    }

    private void OnGone(V1Pod pod)
    {
        _queue.Remove(KeyOf(pod));
        if (_cluster.Remove(pod.Metadata.Uid) is not null)
        {
            _queue.Move(ClusterEvents.PodDeleted);
        }
    }

    private void OnNode(CacheChange<V1Node> change)
    {
        if (change.New is { } node)
        {
            _cluster.SetNode(node);
            _queue.Move(NodeChanges.Between(change.Old, node));
        }
        else
        {
            _cluster.RemoveNode(change.Latest.Metadata.Name);
            _queue.Move(ClusterEvents.NodeDeleted);
        }
    }

    private void OnNamespace(CacheChange<V1Namespace> change)
    {
        _cluster.SetNamespace(change.Latest.Metadata.Name, change.New is { } ns ? LabelSets.Of(ns.Metadata.Labels) : null);
        _queue.Move(ClusterEvents.NamespaceLabels);
    }

    private bool WantsScheduling(V1Pod pod) =>
        (pod.Spec.SchedulerName ?? _settings.SchedulerName) == _settings.SchedulerName
        && pod.Metadata.DeletionTimestamp is null
        && pod.Spec.SchedulingGates is not { Count: > 0 };

    private void Send(Action message) => _messages.Writer.TryWrite(message);

    private static ObjectKey KeyOf(V1Pod pod) => new(pod.Metadata.NamespaceProperty ?? "", pod.Metadata.Name);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "{Pod} is on {Node}")]
    private static partial void LogBound(ILogger logger, ObjectKey pod, string node);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Information, Message = "{Pod} fits nowhere: {Reason}")]
    private static partial void LogUnschedulable(ILogger logger, ObjectKey pod, string reason);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "{Pod} was not bound to {Node} ({Result}): {Problem}")]
    private static partial void LogNotBound(ILogger logger, ObjectKey pod, string node, BindResult result, string problem);
}
