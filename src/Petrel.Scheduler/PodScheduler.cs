using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Binding;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler;

/// <summary>
/// Gives each pending pod a node (upstream: kube-scheduler). One loop owns all state: watches and finished bindings send it messages; between messages it takes pods
/// from the queue, finds their nodes, and assumes the placements while the bindings are on their way. Nothing is kept that the API doesn't have: it can stop at any
/// moment.
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
    private readonly ClusterObjects _objects;
    private readonly PodBinder _binder;
    private readonly FailureReporter _failures;
    private readonly EventRecorder _events;
    private readonly Channel<Action> _messages = Channel.CreateUnbounded<Action>(new() { SingleReader = true });

    // The loop's own.
    private readonly ClusterState _cluster = new();
    private readonly SchedulingQueue _queue;
    private readonly WaitingPods _waiting;
    private readonly SortedDictionary<string, SchedulingCycle> _cycles = new(StringComparer.Ordinal);
    private readonly Dictionary<PlacedPod, Task> _bindings = [];
    private readonly List<Task> _acts = [];
    private readonly List<QueuedPod> _batch = [];

    public PodScheduler(ApiClient client, TimeProvider time, IEntropy entropy, SchedulerSettings settings, ILoggerFactory logs)
    {
        _time = time;
        _settings = settings;
        _logger = logs.CreateLogger<PodScheduler>();
        _pods = new(client, time, _logger);
        _nodes = new(client, time, _logger);
        _namespaces = new(client, time, _logger);
        _objects = new(client, time, _logger, Send, _ => _queue!.Move(ClusterEvents.ObjectsKnown));
        _binder = new(client, time);
        _failures = new(client, time, _logger);
        _events = new(client, settings.Profiles[0].SchedulerName, "", time, entropy, _logger, MaxQueuedEvents);
        _queue = new(time, settings) { Gate = pod => CycleOf(pod)?.Profile.PreEnqueue.FirstOrDefault(p => p.Refuse(pod) is not null) };
        _waiting = new(time);
        foreach (var profile in settings.Profiles)
        {
            var context = new PluginContext(profile, _cluster, _objects) { Client = client, Time = time, Waiting = _waiting };
            _cycles.Add(profile.SchedulerName, new(Profile.Create(context), _cluster, entropy, profile.PercentageOfNodesToScore ?? settings.PercentageOfNodesToScore));
        }
        _pods.OnChange(change => Send(() => OnPod(change)));
        _nodes.OnChange(change => Send(() => OnNode(change)));
        _namespaces.OnChange(change => Send(() => OnNamespace(change)));
        _objects.OnStorage(() => _queue.Move(ClusterEvents.Storage));
        _objects.OnService(OnService);
    }

    /// <summary>Schedules until cancelled; call it once. Fails when a part of it fails: start a new scheduler then.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var stop = stopping.Token;
        Task[] parts =
        [
            _pods.RunAsync(stop), _nodes.RunAsync(stop), _namespaces.RunAsync(stop), _objects.RunAsync(stop), _failures.RunAsync(stop), _events.RunAsync(stop),
            ScheduleAsync(stop),
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
                while (_waiting.TryTake(out var decision))
                {
                    CarryOut(decision, cancellationToken);
                }
                _queue.TakeBatch(Math.Min(_settings.MaxBatch, _settings.MaxBindingsInFlight - _bindings.Count), _batch);
                if (_batch.Count > 0)
                {
                    _batch.ForEach(queued => Schedule(queued, cancellationToken));
                    continue;
                }
                SetAlarm(alarm);
                await _messages.Reader.WaitToReadAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        foreach (var task in _bindings.Values.Concat(_acts))
        {
            await task;
        }
    }

    private void SetAlarm(ITimer alarm)
    {
        var due = (_queue.NextDue, _waiting.NextDue) is ({ } first, { } second) ? (first < second ? first : second) : _queue.NextDue ?? _waiting.NextDue;
        if (due is { } at)
        {
            var wait = at - _time.GetUtcNow();
            alarm.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Schedule(QueuedPod queued, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        var cycle = CycleOf(pod) ?? throw new InvalidOperationException($"{pod.Key} is queued, but no profile is called {pod.Pod.Spec.SchedulerName}.");
        var needs = ObjectKinds.None;
        foreach (var plugin in cycle.Profile.Plugins)
        {
            needs |= plugin.Needs(pod);
        }
        if (!_objects.AreKnown(needs))
        {
            _queue.PutBack(queued);
            return;
        }
        var placement = cycle.Schedule(pod);
        if (placement.NodeName is null)
        {
            Fail(queued, placement, cancellationToken);
            return;
        }
        var placed = new PlacedPod(queued, pod, placement.NodeName, placement.Node, cycle.Profile);
        _cluster.Place(pod, placed.NodeName, assumed: true);
        if (Reserve(placed) is var (plugin2, refusal))
        {
            TakeBack(placed, plugin2, refusal);
            return;
        }
        var waitsFor = new List<(IPlugin, TimeSpan)>();
        foreach (var plugin in cycle.Profile.Permit)
        {
            var permit = plugin.Permit(pod, placed.Node);
            if (permit.Refusal is not null)
            {
                Unreserve(placed);
                TakeBack(placed, plugin, permit.Refusal);
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

    private void Fail(QueuedPod queued, Placement placement, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        LogUnschedulable(_logger, pod.Key, placement.Message);
        if (placement.PostFilter is { } help)
        {
            if (help.NominatedNode is { } node)
            {
                _cluster.Nominations.Set(pod, node);
            }
            if (help.Act is { } act)
            {
                _acts.RemoveAll(a => a.IsCompletedSuccessfully);
                _acts.Add(ActAsync(act, cancellationToken));
            }
        }
        _queue.PutUnschedulable(queued, placement.RetryOn, placement.RefusedBy);
        ReportFailure(pod, "Unschedulable", placement.Message, placement.PostFilter?.NominatedNode);
    }

    private async Task ActAsync(Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await act(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; the next scheduler looks at the cluster as it is then.
        }
        catch (Exception e)
        {
            // The loop's end is the scheduler's.
            Send(() => throw new InvalidOperationException("a plugin's work at the API failed", e));
        }
    }

    private static (IPlugin Plugin, Verdict Refusal)? Reserve(PlacedPod placed)
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

    private void CarryOut(PermitDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Refusal is null)
        {
            Bind(decision.Placed, cancellationToken);
            return;
        }
        Unreserve(decision.Placed);
        TakeBack(decision.Placed, decision.Plugin!, decision.Refusal);
    }

    // The place is free again; the pod waits for something that may help it.
    private void TakeBack(PlacedPod placed, IPlugin plugin, Verdict refusal)
    {
        var message = string.Join(", ", refusal.Reasons);
        LogUnschedulable(_logger, placed.Pod.Key, message);
        if (_cluster.Forget(placed.Pod.Uid))
        {
            _queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = placed.Pod });
        }
        _queue.PutUnschedulable(placed.Queued, plugin is IRetryHints hints ? hints.RetryOn : ClusterEvents.Any, [plugin]);
        ReportFailure(placed.Pod, "Unschedulable", message);
    }

    private void Bind(PlacedPod placed, CancellationToken cancellationToken) => _bindings[placed] = BindAsync(placed, cancellationToken);

    private async Task BindAsync(PlacedPod placed, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            foreach (var plugin in placed.Profile.PreBind)
            {
                if (plugin.Concerns(placed.Pod, placed.Node) && await plugin.PreBindAsync(placed.Pod, placed.NodeName, cancellationToken) is { } why)
                {
                    Send(() => OnBound(placed, BindResult.Refused, why));
                    return;
                }
            }
            var (result, problem) = await _binder.BindAsync(placed.Pod, placed.NodeName, cancellationToken);
            Send(() => OnBound(placed, result, problem));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; the next scheduler finds the pod bound, or not.
        }
    }

    private void OnBound(PlacedPod placed, BindResult result, string problem)
    {
        _bindings.Remove(placed);
        var pod = placed.Pod;
        if (result == BindResult.Bound)
        {
            LogBound(_logger, pod.Key, placed.NodeName);
            _events.Record(pod.Pod, "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {placed.NodeName}");
            _cluster.Nominations.Remove(pod.Uid);
            RemoveFromQueue(placed.Queued);
            return;
        }
        LogNotBound(_logger, pod.Key, placed.NodeName, result, problem);
        Unreserve(placed);
        if (_cluster.Forget(pod.Uid))
        {
            _queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = pod });
        }
        if (result == BindResult.Refused)
        {
            _queue.PutFailed(placed.Queued);
            ReportFailure(pod, "SchedulerError", $"binding rejected: {problem}");
        }
        else
        {
            // The watch tells where it is, or that it is gone.
            RemoveFromQueue(placed.Queued);
        }
    }

    private void ReportFailure(PodInfo pod, string reason, string message, string? nominatedNode = null)
    {
        _events.Record(pod.Pod, "Warning", "FailedScheduling", message);
        _failures.Report(pod.Pod, reason, message, nominatedNode);
    }

    // Another pod may have taken the name meanwhile.
    private void RemoveFromQueue(QueuedPod queued)
    {
        if (_queue.Find(queued.Pod.Key) == queued)
        {
            _queue.Remove(queued.Pod.Key);
        }
    }

    private SchedulingCycle? CycleOf(PodInfo pod) => CycleOf(pod.Pod);

    private SchedulingCycle? CycleOf(V1Pod pod) => _cycles.GetValueOrDefault(pod.Spec.SchedulerName ?? _settings.Profiles[0].SchedulerName);

    private void Send(Action message) => _messages.Writer.TryWrite(message);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "{Pod} is on {Node}")]
    private static partial void LogBound(ILogger logger, ObjectKey pod, string node);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Information, Message = "{Pod} fits nowhere: {Reason}")]
    private static partial void LogUnschedulable(ILogger logger, ObjectKey pod, string reason);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "{Pod} was not bound to {Node} ({Result}): {Problem}")]
    private static partial void LogNotBound(ILogger logger, ObjectKey pod, string node, BindResult result, string problem);
}
