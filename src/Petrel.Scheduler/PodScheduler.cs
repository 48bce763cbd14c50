using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Model.Timing;
using Petrel.Scheduler.Binding;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Gangs;
using Petrel.Scheduler.Preemption;
using Petrel.Scheduler.Queue;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler;

/// <summary>
/// Assigns pending pods to nodes (upstream: kube-scheduler). One loop owns all state. Watches and finished bindings post messages to it.
/// Between messages it takes pods from the queue, finds their nodes, and assumes the placements while the bindings are sent.
/// It keeps no state that the API does not have, so it can stop at any moment.
/// </summary>
public sealed partial class PodScheduler
{
    // Each pod of a large Deployment has an event, and pods are scheduled faster than events are sent.
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

    // Only the scheduling loop uses these.
    private readonly ClusterState _cluster = new();
    private readonly GangDirectory _gangs = new();
    private readonly SchedulingQueue _queue;
    private readonly WaitingPods _waiting;
    private readonly SortedDictionary<string, SchedulingCycle> _cycles = new(StringComparer.Ordinal);
    private readonly Dictionary<PlacedPod, Task> _bindings = [];
    private readonly List<Task> _postFilterActions = [];
    private readonly List<QueuedPod> _batch = [];

    /// <param name="client">The API.</param>
    /// <param name="time">The clock.</param>
    /// <param name="entropy">Decides between nodes with equal scores.</param>
    /// <param name="settings">Profiles and limits.</param>
    /// <param name="logs">Where the scheduler logs.</param>
    /// <param name="decisions">Where decisions are recorded for <c>petrel explain pod</c>; null to record none.</param>
    public PodScheduler(
        ApiClient client,
        TimeProvider time,
        IEntropy entropy,
        SchedulerSettings settings,
        ILoggerFactory logs,
        DecisionLog? decisions = null
    )
        : this(client, time, entropy, settings, logs, decisions, PluginRegistry.BuiltIn) { }

    /// <summary>A scheduler whose profiles use other plugins than the built-in ones, for tests of the framework.</summary>
    internal PodScheduler(
        ApiClient client,
        TimeProvider time,
        IEntropy entropy,
        SchedulerSettings settings,
        ILoggerFactory logs,
        DecisionLog? decisions,
        IReadOnlyList<PluginEntry> registry
    )
    {
        _client = client;
        _time = time;
        _settings = settings;
        _logger = logs.CreateLogger<PodScheduler>();
        _pods = new(client, time, entropy, _logger);
        _nodes = new(client, time, entropy, _logger);
        _namespaces = new(client, time, entropy, _logger);
        _objects = new(client, time, entropy, _logger, Post, _ => _queue!.Move(ClusterEvents.ObjectsKnown));
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
                RunInLoop = Post,
                Requeue = _queue.Requeue,
            };
            var percentage = profile.PercentageOfNodesToScore ?? settings.PercentageOfNodesToScore;
            _cycles.Add(
                profile.SchedulerName,
                new(ProfileFactory.Create(context, registry), _cluster, entropy, percentage)
                {
                    Recorder = decisions is null ? null : new DecisionRecorder(decisions, time),
                }
            );
        }
        _pods.OnChange(change => Post(() => OnPod(change)));
        _nodes.OnChange(change => Post(() => OnNode(change)));
        _namespaces.OnChange(change => Post(() => OnNamespace(change)));
        _objects.OnStorage(() => _queue.Move(ClusterEvents.Storage));
        _objects.OnService(OnService);
        _groups.OnChange(change => Post(() => OnGroup(change)));
    }

    /// <summary>Schedules until cancelled. Call it once. It fails when a part of it fails: start a new scheduler then.</summary>
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
        using var alarm = _time.CreateTimer(_ => Post(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            // Before the placed pods are known, every node looks empty.
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
                    CompletePermit(decision, cancellationToken);
                }
                if (!_gangs.IsEmpty && !_objects.AreKnown(ObjectKinds.PodGroups))
                {
                    // An incomplete gang is scheduled before all other pods, and only its PodGroup tells that it is incomplete.
                    await _messages.Reader.WaitToReadAsync(cancellationToken);
                    continue;
                }
                if (TakeFromIncompleteGang() is { } missing)
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
            // The scheduler was asked to stop.
        }
        foreach (var task in _bindings.Values.Concat(_postFilterActions))
        {
            await task;
        }
    }

    // Wakes the loop when the first back-off ends, or the first wait for a permit times out.
    private void SetAlarm(ITimer alarm)
    {
        var due = (_queue.NextDue, _waiting.NextDue) is ({ } first, { } second)
            ? (first < second ? first : second)
            : _queue.NextDue ?? _waiting.NextDue;
        if (due is { } at)
        {
            var wait = at - _time.GetUtcNow();
            alarm.Change(wait > TimeSpan.Zero ? LongDurations.ForTimer(wait) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Schedule(QueuedPod queued, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        if (queued.State != QueueState.InFlight || _cluster.IsAssumed(pod.Uid))
        {
            // The pod is in a gang that was placed for another pod of the same batch.
            return;
        }
        if (!AreNeededObjectsKnown(queued))
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
            HandleFailure(queued, placement, cancellationToken);
            return;
        }
        var placed = new PlacedPod(queued, pod, placement.NodeName, placement.Node, cycle.Profile) { Since = _time.GetUtcNow() };
        _cluster.Place(pod, placed.NodeName, assumed: true);
        if (Reserve(placed) is var (plugin, refusal))
        {
            RevertPlacement(placed, plugin, refusal);
            return;
        }
        RunPermitPlugins(placed, cancellationToken);
    }

    // Whether all objects are known that plugins need for the pod.
    private bool AreNeededObjectsKnown(QueuedPod queued)
    {
        var needs = ObjectKinds.None;
        foreach (var plugin in CycleFor(queued.Pod).Profile.Plugins)
        {
            needs |= plugin.Needs(queued.Pod);
        }
        return _objects.AreKnown(needs);
    }

    private void HandleFailure(QueuedPod queued, Placement placement, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        LogUnschedulable(_logger, pod.Key, placement.Message);
        if (placement.PostFilter is { } result)
        {
            if (result.NominatedNode is { } node)
            {
                _cluster.Nominations.Set(pod, node);
            }
            else
            {
                ClearNomination(pod.Uid);
            }
            RunPostFilterAction(result.Action, cancellationToken);
        }
        _queue.PutUnschedulable(queued, placement.RetryOn, placement.RefusedBy);
        ReportFailure(pod, "Unschedulable", placement.Message);
    }

    // Runs a plugin's requests to the API beside the loop.
    private void RunPostFilterAction(Func<CancellationToken, Task>? action, CancellationToken cancellationToken)
    {
        if (action is not null)
        {
            _postFilterActions.RemoveAll(a => a.IsCompletedSuccessfully);
            _postFilterActions.Add(RunPostFilterActionAsync(action, cancellationToken));
        }
    }

    private async Task RunPostFilterActionAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await action(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The scheduler was asked to stop. The next one continues from what the API has.
        }
        catch (Exception e)
        {
            // An exception in the loop ends the scheduler.
            Post(() => throw new InvalidOperationException("a plugin's requests to the API failed", e));
        }
    }

    // The place that was kept for the pod is free for others.
    private void ClearNomination(string uid)
    {
        if (_cluster.Nominations.Remove(uid))
        {
            _queue.Move(ClusterEvents.PodDeleted);
        }
    }

    private void ReportFailure(PodInfo pod, string reason, string message)
    {
        _events.Record(pod.Pod, "Warning", "FailedScheduling", message);
        _failures.Report(pod.Pod, reason, message);
    }

    private SchedulingCycle CycleFor(PodInfo pod) =>
        CycleOf(pod) ?? throw new InvalidOperationException($"{pod.Key} is queued, but no profile is called {pod.Pod.Spec.SchedulerName}.");

    private SchedulingCycle? CycleOf(PodInfo pod) => CycleOf(pod.Pod);

    private SchedulingCycle? CycleOf(V1Pod pod) => _cycles.GetValueOrDefault(pod.Spec.SchedulerName ?? _settings.Profiles[0].SchedulerName);

    // Queues a call for the scheduling loop. May be called on any thread.
    private void Post(Action message) => _messages.Writer.TryWrite(message);

    [LoggerMessage(EventId = 7001, Level = LogLevel.Information, Message = "{Pod} is bound to {Node}")]
    private static partial void LogBound(ILogger logger, ObjectKey pod, string node);

    [LoggerMessage(EventId = 7002, Level = LogLevel.Information, Message = "{Pod} is unschedulable: {Reason}")]
    private static partial void LogUnschedulable(ILogger logger, ObjectKey pod, string reason);

    [LoggerMessage(EventId = 7003, Level = LogLevel.Warning, Message = "{Pod} was not bound to {Node} ({Result}): {Problem}")]
    private static partial void LogNotBound(ILogger logger, ObjectKey pod, string node, BindResult result, string problem);
}
