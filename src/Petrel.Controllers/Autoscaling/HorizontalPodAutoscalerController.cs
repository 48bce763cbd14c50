using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Scales;
using Petrel.Model;
using Petrel.Model.Selectors;

namespace Petrel.Controllers.Autoscaling;

/// <summary>
/// Scales the targets of HorizontalPodAutoscalers by their metrics, every <see cref="AutoscalerSettings.SyncPeriod"/>
/// (upstream: horizontal-pod-autoscaler). A scale is written on the condition that the target is as it was when it was read, so that an
/// answer that was lost is found out at the next look and nothing is added twice.
/// </summary>
public sealed class HorizontalPodAutoscalerController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly AutoscalerSettings _settings;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly ScaleClient _scales;
    private readonly MetricReader _metrics;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, Memory> _states = [];

    public HorizontalPodAutoscalerController(ControllerContext context)
    {
        _context = context;
        _settings = context.Settings.Autoscalers;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _scales = new(context.Client);
        _metrics = new(context.Client);
        context.Caches.HorizontalPodAutoscalers.OnChange(OnChange);
    }

    /// <inheritdoc/>
    public string Name => "horizontal-pod-autoscaler";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            var host = new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name), _context.Settings.Workers);
            await Loops.RunTogetherAsync(cancellationToken, host.RunAsync, _events.RunAsync);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Caches.HorizontalPodAutoscalers.Get(key) is not { } autoscaler || autoscaler.Metadata.DeletionTimestamp is not null)
        {
            Forget(key);
            return null;
        }
        var now = _context.Time.GetUtcNow();
        var memory = StateOf(key, autoscaler.Metadata.Uid);
        var status = new AutoscalerStatus(autoscaler, now);
        await DecideAsync(key, memory, status, now, cancellationToken);
        if (status.HasChanged)
        {
            var written = await _context.Client.UpdateStatusAsync(status.Autoscaler, cancellationToken);
            await _context.Caches.HorizontalPodAutoscalers.WaitForRevisionAsync(
                ulong.Parse(written.Metadata.ResourceVersion),
                cancellationToken
            );
        }
        return _settings.SyncPeriod;
    }

    private async ValueTask DecideAsync(
        ObjectKey key,
        Memory memory,
        AutoscalerStatus status,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var autoscaler = status.Autoscaler;
        var reference = autoscaler.Spec.ScaleTargetRef;
        var targetKey = new ObjectKey(key.Namespace, reference.Name);
        V1Scale? scale = null;
        var problem = "";
        try
        {
            scale = await _scales.FindAsync(reference.ApiVersion ?? "v1", reference.Kind, targetKey, cancellationToken);
        }
        catch (ApiException e)
        {
            problem = e.Status.Message;
        }
        if (scale is null)
        {
            problem = problem.Length > 0 ? problem : $"{reference.Kind}/{reference.Name} of {reference.ApiVersion ?? "v1"} not found";
            _events.Record(autoscaler, "Warning", "FailedGetScale", problem);
            status.AbleToScale(false, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {problem}");
            return;
        }
        status.AbleToScale(true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        var current = scale.Spec.Replicas ?? 0;
        if (memory.History.IsEmpty)
        {
            memory.History.Recommended(current, now);
        }
        if (await WantedAsync(memory, status, scale, current, now, cancellationToken) is not { } wanted)
        {
            status.Current(current);
            return;
        }
        if (wanted.Replicas == current)
        {
            status.Decided(current, current, wanted.Metrics, rescaled: false);
            return;
        }
        scale.Spec.Replicas = wanted.Replicas;
        try
        {
            await _scales.UpdateAsync(reference.ApiVersion ?? "v1", reference.Kind, targetKey, scale, cancellationToken);
        }
        catch (ApiException e)
        {
            _events.Record(
                autoscaler,
                "Warning",
                "FailedRescale",
                $"New size: {wanted.Replicas}; reason: {wanted.Reason}; error: {e.Status.Message}"
            );
            status.AbleToScale(false, "FailedUpdateScale", $"the HPA controller was unable to update the target scale: {e.Status.Message}");
            status.Current(current);
            return;
        }
        status.AbleToScale(true, "SucceededRescale", $"the HPA controller was able to update the target scale to {wanted.Replicas}");
        _events.Record(autoscaler, "Normal", "SuccessfulRescale", $"New size: {wanted.Replicas}; reason: {wanted.Reason}");
        memory.History.Changed(current, wanted.Replicas, now);
        status.Decided(current, wanted.Replicas, wanted.Metrics, rescaled: true);
    }

    private sealed record Wanted(int Replicas, string Reason, IReadOnlyList<V2MetricStatus> Metrics);

    // Null when nothing can be decided; the conditions say why.
    private async ValueTask<Wanted?> WantedAsync(
        Memory memory,
        AutoscalerStatus status,
        V1Scale scale,
        int current,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var autoscaler = status.Autoscaler;
        var least = autoscaler.Spec.MinReplicas ?? 1;
        if (current == 0 && least != 0)
        {
            status.ScalingActive(false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
            return new(0, "", []);
        }
        if (current > autoscaler.Spec.MaxReplicas)
        {
            return new(autoscaler.Spec.MaxReplicas, "Current number of replicas above Spec.MaxReplicas", []);
        }
        if (current < least)
        {
            return new(least, "Current number of replicas below Spec.MinReplicas", []);
        }
        if (TargetOf(status, scale, current) is not { } target)
        {
            return null;
        }
        var tolerances = new ScalingTolerances(
            ToleranceOf(autoscaler.Spec.Behavior?.ScaleDown) ?? _settings.Tolerances.Down,
            ToleranceOf(autoscaler.Spec.Behavior?.ScaleUp) ?? _settings.Tolerances.Up
        );
        var evaluator = new MetricEvaluator(_metrics, new ReplicaCalculator(_settings, tolerances, now), target);
        if (await EvaluateAsync(evaluator, status, current, cancellationToken) is not { } best)
        {
            return null;
        }
        var limited = new ScalingLimits(autoscaler, memory.History, _settings, now).Apply(current, best.Replicas);
        status.AbleToScale(true, limited.AbleToScale.Reason, limited.AbleToScale.Message);
        status.ScalingLimited(limited.IsLimited, limited.ScalingLimited.Reason, limited.ScalingLimited.Message);
        var reason =
            best.Replicas > current ? $"{best.Name} above target"
            : best.Replicas < current ? "All metrics below target"
            : "";
        return new(limited.Replicas, reason, best.Metrics);
    }

    private async ValueTask<(int Replicas, string Name, IReadOnlyList<V2MetricStatus> Metrics)?> EvaluateAsync(
        MetricEvaluator evaluator,
        AutoscalerStatus status,
        int current,
        CancellationToken cancellationToken
    )
    {
        var specs = status.Autoscaler.Spec.Metrics ?? [];
        var statuses = new List<V2MetricStatus>();
        var (replicas, name) = (0, "");
        var (failed, failure, first) = (0, "", "");
        foreach (var spec in specs)
        {
            try
            {
                var metric = await evaluator.EvaluateAsync(spec, cancellationToken);
                statuses.Add(metric.Status);
                if (name.Length == 0 || metric.Proposal.Replicas > replicas)
                {
                    (replicas, name) = (metric.Proposal.Replicas, metric.Name);
                }
            }
            catch (MetricException e)
            {
                var reason = MetricEvaluator.FailureOf(spec);
                _events.Record(status.Autoscaler, "Warning", reason, e.Message);
                (failure, first) = failed++ == 0 ? (reason, e.Message) : (failure, first);
            }
        }
        // What can't be seen may be high: with a metric missing, the others may ask for more but not for less.
        if (name.Length == 0 || (failed > 0 && replicas < current))
        {
            status.ScalingActive(false, failure, $"the HPA was unable to compute the replica count: {first}");
            _events.Record(
                status.Autoscaler,
                "Warning",
                "FailedComputeMetricsReplicas",
                $"invalid metrics ({failed} invalid out of {specs.Count}), first error is: {first}"
            );
            return null;
        }
        status.ScalingActive(true, "ValidMetricFound", $"the HPA was able to successfully calculate a replica count from {name}");
        return (replicas, name, statuses);
    }

    private AutoscalerTarget? TargetOf(AutoscalerStatus status, V1Scale scale, int current)
    {
        var autoscaler = status.Autoscaler;
        var text = scale.Status?.Selector ?? "";
        if (text.Length == 0)
        {
            _events.Record(autoscaler, "Warning", "SelectorRequired", "selector is required");
            status.ScalingActive(false, "InvalidSelector", "the HPA target's scale is missing a selector");
            return null;
        }
        LabelSelector selector;
        try
        {
            selector = LabelSelector.Parse(text);
        }
        catch (FormatException e)
        {
            _events.Record(
                autoscaler,
                "Warning",
                "InvalidSelector",
                $"couldn't convert selector into a corresponding internal selector object: {e.Message}"
            );
            status.ScalingActive(
                false,
                "InvalidSelector",
                $"couldn't convert selector into a corresponding internal selector object: {e.Message}"
            );
            return null;
        }
        var ns = autoscaler.Metadata.NamespaceProperty;
        V1Pod[] pods = [.. _context.Caches.Pods.InNamespace(ns).Where(pod => selector.Matches(LabelSets.Of(pod.Metadata.Labels)))];
        var rivals = Rivals(autoscaler, selector, text, pods);
        if (rivals.Count > 1)
        {
            var message = $"pods by selector {text} are controlled by multiple HPAs: [{string.Join(' ', rivals)}]";
            _events.Record(autoscaler, "Warning", "AmbiguousSelector", message);
            status.ScalingActive(false, "AmbiguousSelector", message);
            return null;
        }
        return new(ns, current, scale.Status?.Replicas ?? 0, text, pods);
    }

    // The autoscalers that count some of the same pods, this one included: each has said its target's selector at its last look.
    private List<string> Rivals(V2HorizontalPodAutoscaler autoscaler, LabelSelector selector, string text, IReadOnlyList<V1Pod> pods)
    {
        lock (_gate)
        {
            var own = new ObjectKey(autoscaler.Metadata.NamespaceProperty, autoscaler.Metadata.Name);
            _states[own].Selector = (text, selector);
            return
            [
                .. _states
                    .Where(m =>
                        m.Key.Namespace == own.Namespace
                        && m.Value.Selector is { } other
                        && (other.Text == text || pods.Any(pod => other.Selector.Matches(LabelSets.Of(pod.Metadata.Labels))))
                    )
                    .Select(m => m.Key.ToString()),
            ];
        }
    }

    private static double? ToleranceOf(V2HPAScalingRules? rules) =>
        rules?.Tolerance is { } tolerance ? Petrel.Model.Documents.Quantity.Parse(tolerance.ToString()).MilliValue / 1000.0 : null;

    // A changed target or bound is acted upon at once; the status that this controller writes wakes nobody.
    private void OnChange(CacheChange<V2HorizontalPodAutoscaler> change)
    {
        if (
            change.Old is null
            || change.New is null
            || change.Old.Metadata.Uid != change.New.Metadata.Uid
            || KubernetesJson.Serialize(change.Old.Spec) != KubernetesJson.Serialize(change.New.Spec)
        )
        {
            _queue.Add(new(change.Latest.Metadata.NamespaceProperty, change.Latest.Metadata.Name));
        }
    }

    private Memory StateOf(ObjectKey key, string uid)
    {
        lock (_gate)
        {
            if (!_states.TryGetValue(key, out var memory) || memory.Uid != uid)
            {
                _states[key] = memory = new(uid);
            }
            return memory;
        }
    }

    private void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _states.Remove(key);
        }
    }

    private sealed class Memory(string uid)
    {
        public string Uid { get; } = uid;

        public ScalingHistory History { get; } = new();

        public (string Text, LabelSelector Selector)? Selector { get; set; }
    }
}
