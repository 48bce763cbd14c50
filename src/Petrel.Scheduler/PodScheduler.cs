using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Binding;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Gangs;
using Petrel.Scheduler.Preemption;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler;

/// <summary>
/// Gives each pending pod a node (upstream: kube-scheduler). One loop owns all state: watches and finished bindings send it messages;
/// between messages it takes pods from the queue, finds their nodes, and assumes the placements while the bindings are on their way.
/// Nothing is kept that the API doesn't have: it can stop at any moment.
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
    private readonly SharedCache<PodGroup> _groups;
    private readonly ApiClient _client;
    private readonly ClusterObjects _objects;
    private readonly DecisionLog? _decisions;
    private readonly Preemptor _preemptor;
    private readonly PodBinder _binder;
    private readonly FailureReporter _failures;
    private readonly EventRecorder _events;
    private readonly Channel<Action> _messages = Channel.CreateUnbounded<Action>(new() { SingleReader = true });

    // The loop's own.
    private readonly ClusterState _cluster = new();
    private readonly GangDirectory _gangs = new();
    private readonly SchedulingQueue _queue;
    private readonly WaitingPods _waiting;
    private readonly SortedDictionary<string, SchedulingCycle> _cycles = new(StringComparer.Ordinal);
    private readonly Dictionary<PlacedPod, Task> _bindings = [];
    private readonly List<Task> _acts = [];
    private readonly List<QueuedPod> _batch = [];

    /// <param name="decisions">Where what led to decisions is noted; null when nobody reads it.</param>
    public PodScheduler(
        ApiClient client,
        TimeProvider time,
        IEntropy entropy,
        SchedulerSettings settings,
        ILoggerFactory logs,
        DecisionLog? decisions = null
    )
    {
        _client = client;
        _time = time;
        _settings = settings;
        _logger = logs.CreateLogger<PodScheduler>();
        _pods = new(client, time, entropy, _logger);
        _nodes = new(client, time, entropy, _logger);
        _namespaces = new(client, time, entropy, _logger);
        _objects = new(client, time, entropy, _logger, Send, _ => _queue!.Move(ClusterEvents.ObjectsKnown));
        _groups = _objects.Add<PodGroup>(ObjectKinds.PodGroups, client, time, entropy, _logger);
        _decisions = decisions;
        _binder = new(client, time);
        _failures = new(client, time, _logger);
        _events = new(client, settings.Profiles[0].SchedulerName, "", time, entropy, _logger, MaxQueuedEvents);
        _queue = new(time, settings) { Gate = pod => CycleOf(pod)?.Profile.PreEnqueue.FirstOrDefault(p => p.Refuse(pod) is not null) };
        _waiting = new(time);
        _preemptor = new(client, time, _events, _logger);
        foreach (var profile in settings.Profiles)
        {
            var context = new PluginContext(profile, _cluster, _objects)
            {
                Client = client,
                Time = time,
                Waiting = _waiting,
                Entropy = entropy,
                Preemptor = _preemptor,
                InLoop = Send,
                Retry = _queue.TryAgain,
            };
            var percentage = profile.PercentageOfNodesToScore ?? settings.PercentageOfNodesToScore;
            _cycles.Add(
                profile.SchedulerName,
                new(Profile.Create(context, settings.Registry), _cluster, entropy, percentage)
                {
                    Recorder = decisions is null ? null : new DecisionRecorder(decisions, time),
                }
            );
        }
        _pods.OnChange(change => Send(() => OnPod(change)));
        _nodes.OnChange(change => Send(() => OnNode(change)));
        _namespaces.OnChange(change => Send(() => OnNamespace(change)));
        _objects.OnStorage(() => _queue.Move(ClusterEvents.Storage));
        _objects.OnService(OnService);
        _groups.OnChange(change => Send(() => OnGroup(change)));
    }

    /// <summary>Schedules until cancelled; call it once. Fails when a part of it fails: start a new scheduler then.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var groupStatus = new PodGroupStatusWriter(_client, _groups, _pods, _time, _logger);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var stop = stopping.Token;
        Task[] parts =
        [
            _pods.RunAsync(stop),
            _nodes.RunAsync(stop),
            _namespaces.RunAsync(stop),
            _objects.RunAsync(stop),
            _failures.RunAsync(stop),
            _events.RunAsync(stop),
            groupStatus.RunAsync(stop),
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
                if (!_gangs.IsEmpty && !_objects.AreKnown(ObjectKinds.PodGroups))
                {
                    // Nobody may take the room of a gang of which a part runs already, and which gang is such a one only its group tells.
                    await _messages.Reader.WaitToReadAsync(cancellationToken);
                    continue;
                }
                if (TakeOfBrokenGang() is { } missing)
                {
                    Schedule(missing, cancellationToken);
                    continue;
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
        var due = (_queue.NextDue, _waiting.NextDue) is ({ } first, { } second)
            ? (first < second ? first : second)
            : _queue.NextDue ?? _waiting.NextDue;
        if (due is { } at)
        {
            var wait = at - _time.GetUtcNow();
            alarm.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Schedule(QueuedPod queued, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        if (queued.State != QueueState.InFlight || _cluster.IsAssumed(pod.Uid))
        {
            // Another pod of its gang, in the same batch, took it along.
            return;
        }
        if (!IsAllKnown(queued))
        {
            _queue.PutBack(queued);
            return;
        }
        if (_gangs.Of(pod) is { } gang && !HasQuorum(gang))
        {
            ScheduleGang(queued, gang, cancellationToken);
            return;
        }
        var cycle = CycleFor(pod);
        var placement = cycle.Schedule(pod);
        if (placement.NodeName is null)
        {
            Fail(queued, placement, cancellationToken);
            return;
        }
        var placed = new PlacedPod(queued, pod, placement.NodeName, placement.Node, cycle.Profile) { Since = _time.GetUtcNow() };
        _cluster.Place(pod, placed.NodeName, assumed: true);
        if (Reserve(placed) is var (plugin2, refusal))
        {
            TakeBack(placed, plugin2, refusal);
            return;
        }
        Admit(placed, cancellationToken);
    }

    // Whether all the objects are known that it takes to judge a pod.
    private bool IsAllKnown(QueuedPod queued)
    {
        var needs = ObjectKinds.None;
        foreach (var plugin in CycleFor(queued.Pod).Profile.Plugins)
        {
            needs |= plugin.Needs(queued.Pod);
        }
        return _objects.AreKnown(needs);
    }

    private void Admit(PlacedPod placed, CancellationToken cancellationToken)
    {
        var waitsFor = new List<(IPlugin, TimeSpan)>();
        foreach (var plugin in placed.Profile.Permit)
        {
            var permit = plugin.Permit(placed.Pod, placed.Node);
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
            else
            {
                StopWaitingForNode(pod.Uid);
            }
            Act(help.Act, cancellationToken);
        }
        _queue.PutUnschedulable(queued, placement.RetryOn, placement.RefusedBy);
        ReportFailure(pod, "Unschedulable", placement.Message);
    }

    private void Act(Func<CancellationToken, Task>? act, CancellationToken cancellationToken)
    {
        if (act is not null)
        {
            _acts.RemoveAll(a => a.IsCompletedSuccessfully);
            _acts.Add(ActAsync(act, cancellationToken));
        }
    }

    // Whom the nomination kept away may have the place.
    private void StopWaitingForNode(string uid)
    {
        if (_cluster.Nominations.Remove(uid))
        {
            _queue.Move(ClusterEvents.PodDeleted);
        }
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
                if (
                    plugin.Concerns(placed.Pod, placed.Node)
                    && await plugin.PreBindAsync(placed.Pod, placed.NodeName, cancellationToken) is { } why
                )
                {
                    Send(() => OnBound(placed, BindResult.Refused, why, cancellationToken));
                    return;
                }
            }
            var (result, problem) = await _binder.BindAsync(placed.Pod, placed.NodeName, cancellationToken);
            Send(() => OnBound(placed, result, problem, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; the next scheduler finds the pod bound, or not.
        }
    }

    private void OnBound(PlacedPod placed, BindResult result, string problem, CancellationToken cancellationToken)
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
        if (result == BindResult.Refused && KeepsPlace(placed))
        {
            _bindings[placed] = BindAgainAsync(placed, cancellationToken);
            return;
        }
        _decisions?.NotBound(pod.Uid, problem);
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

    private SchedulingCycle CycleFor(PodInfo pod) =>
        CycleOf(pod) ?? throw new InvalidOperationException($"{pod.Key} is queued, but no profile is called {pod.Pod.Spec.SchedulerName}.");

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
