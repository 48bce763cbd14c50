using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Scales;
using Petrel.Model;
using Petrel.Model.Selectors;
using Petrel.Workloads;

namespace Petrel.Controllers.Autoscaling;

/// <summary>
/// Scales the targets of HorizontalPodAutoscalers by their metrics, every <see cref="AutoscalerSettings.SyncPeriod"/> (upstream:
/// horizontal-pod-autoscaler). A scale is written with the resourceVersion that was read. If the answer to the write is lost, the next sync
/// reads the result, and no change is applied twice.
/// </summary>
public sealed class HorizontalPodAutoscalerController : IController
{
    private readonly ControllerContext _context;
    private readonly AutoscalerSettings _settings;
    private readonly ControllerLoop _loop;
    private readonly ScaleClient _scales;
    private readonly MetricReader _metrics;
    private readonly StatusWriter<V2HorizontalPodAutoscaler> _status;
    private readonly ObjectStates<AutoscalerState> _states = new(() => new());

    public HorizontalPodAutoscalerController(ControllerContext context)
    {
        _context = context;
        _settings = context.Settings.Autoscalers;
        _loop = new(context, "horizontal-pod-autoscaler", SyncAsync);
        _scales = new(context.Client);
        _metrics = new(context.Client);
        _status = new(context.Client, context.Caches.HorizontalPodAutoscalers);

        _loop.Watch(context.Caches.HorizontalPodAutoscalers, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    // A change of the spec is acted upon at once. The status is written by this controller itself.
    private static IEnumerable<ObjectKey> KeysOf(CacheChange<V2HorizontalPodAutoscaler> change) =>
        change is { Old: { } old, New: { } autoscaler }
        && old.Metadata.Uid == autoscaler.Metadata.Uid
        && KubernetesJson.Serialize(old.Spec) == KubernetesJson.Serialize(autoscaler.Spec)
            ? []
            : [change.Latest.Key()];

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Caches.HorizontalPodAutoscalers.Get(key) is not { } autoscaler || autoscaler.Metadata.DeletionTimestamp is not null)
        {
            _states.Forget(key);
            return null;
        }
        var now = _context.Time.GetUtcNow();
        var state = _states.Get(autoscaler);
        var status = new AutoscalerStatus(autoscaler, now);
        await ScaleAsync(key, state, status, now, cancellationToken);
        if (status.HasChanged)
        {
            await _status.WriteAsync(autoscaler, copy => copy.Status = status.Autoscaler.Status, cancellationToken);
        }
        return _settings.SyncPeriod;
    }

    private async ValueTask ScaleAsync(
        ObjectKey key,
        AutoscalerState state,
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
            _loop.Events.Record(autoscaler, "Warning", "FailedGetScale", problem);
            status.AbleToScale(false, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {problem}");
            return;
        }
        status.AbleToScale(true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        var current = scale.Spec.Replicas ?? 0;
        if (state.History.IsEmpty)
        {
            state.History.RecordRecommendation(current, now);
        }
        if (await ComputeDesiredAsync(state, status, scale, current, now, cancellationToken) is not { } desired)
        {
            status.SetCurrentReplicas(current);
            return;
        }
        if (desired.Replicas == current)
        {
            status.SetReplicas(current, current, desired.Metrics, rescaled: false);
            return;
        }
        scale.Spec.Replicas = desired.Replicas;
        try
        {
            await _scales.UpdateAsync(reference.ApiVersion ?? "v1", reference.Kind, targetKey, scale, cancellationToken);
        }
        catch (ApiException e)
        {
            _loop.Events.Record(
                autoscaler,
                "Warning",
                "FailedRescale",
                $"New size: {desired.Replicas}; reason: {desired.Reason}; error: {e.Status.Message}"
            );
            status.AbleToScale(false, "FailedUpdateScale", $"the HPA controller was unable to update the target scale: {e.Status.Message}");
            status.SetCurrentReplicas(current);
            return;
        }
        status.AbleToScale(true, "SucceededRescale", $"the HPA controller was able to update the target scale to {desired.Replicas}");
        _loop.Events.Record(autoscaler, "Normal", "SuccessfulRescale", $"New size: {desired.Replicas}; reason: {desired.Reason}");
        state.History.RecordChange(current, desired.Replicas, now);
        status.SetReplicas(current, desired.Replicas, desired.Metrics, rescaled: true);
    }

    private sealed record DesiredReplicas(int Replicas, string Reason, IReadOnlyList<V2MetricStatus> Metrics);

    // Null when no number can be computed. The conditions say why.
    private async ValueTask<DesiredReplicas?> ComputeDesiredAsync(
        AutoscalerState state,
        AutoscalerStatus status,
        V1Scale scale,
        int current,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var autoscaler = status.Autoscaler;
        var minReplicas = autoscaler.Spec.MinReplicas ?? 1;
        if (current == 0 && minReplicas != 0)
        {
            status.ScalingActive(false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
            return new(0, "", []);
        }
        if (current > autoscaler.Spec.MaxReplicas)
        {
            return new(autoscaler.Spec.MaxReplicas, "Current number of replicas above Spec.MaxReplicas", []);
        }
        if (current < minReplicas)
        {
            return new(minReplicas, "Current number of replicas below Spec.MinReplicas", []);
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
        if (await EvaluateAsync(evaluator, status, current, cancellationToken) is not { } proposal)
        {
            return null;
        }
        var limited = new ScalingLimits(autoscaler, state.History, _settings, now).Apply(current, proposal.Replicas);
        status.AbleToScale(true, limited.AbleToScale.Reason, limited.AbleToScale.Message);
        status.ScalingLimited(limited.IsLimited, limited.ScalingLimited.Reason, limited.ScalingLimited.Message);
        var reason =
            proposal.Replicas > current ? $"{proposal.Name} above target"
            : proposal.Replicas < current ? "All metrics below target"
            : "";
        return new(limited.Replicas, reason, proposal.Metrics);
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
        var (failed, failure, first, error) = (0, "", "", "");
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
                _loop.Events.Record(status.Autoscaler, "Warning", reason, e.Message);
                if (failed++ == 0)
                {
                    (failure, first, error) = (reason, e.Message, MetricEvaluator.ErrorOf(spec, e.Message));
                }
            }
        }
        // A metric that cannot be read may be high. The other metrics may then scale up, but not down.
        if (name.Length == 0 || (failed > 0 && replicas < current))
        {
            status.ScalingActive(false, failure, $"the HPA was unable to compute the replica count: {first}");
            _loop.Events.Record(
                status.Autoscaler,
                "Warning",
                "FailedComputeMetricsReplicas",
                $"invalid metrics ({failed} invalid out of {specs.Count}), first error is: {error}"
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
            RecordSelectorProblem(autoscaler, "SelectorRequired", "selector is required");
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
            RecordSelectorProblem(
                autoscaler,
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
        var conflicting = ConflictingAutoscalers(autoscaler, selector, text, pods);
        if (conflicting.Count > 1)
        {
            var message = $"pods by selector {text} are controlled by multiple HPAs: [{string.Join(' ', conflicting)}]";
            RecordSelectorProblem(autoscaler, "AmbiguousSelector", message);
            status.ScalingActive(false, "AmbiguousSelector", message);
            return null;
        }
        return new(ns, current, scale.Status?.Replicas ?? 0, text, pods);
    }

    private void RecordSelectorProblem(V2HorizontalPodAutoscaler autoscaler, string reason, string message)
    {
        _loop.Events.Record(autoscaler, "Warning", reason, message);
        _loop.Events.Record(autoscaler, "Warning", "FailedComputeMetricsReplicas", message);
    }

    // The autoscalers whose selectors match some of the same pods, including this one. Each recorded its selector at its last sync.
    private List<string> ConflictingAutoscalers(
        V2HorizontalPodAutoscaler autoscaler,
        LabelSelector selector,
        string text,
        IReadOnlyList<V1Pod> pods
    )
    {
        _states.Get(autoscaler).Selector = new(text, selector);
        return
        [
            .. _states
                .InNamespace(autoscaler.Metadata.NamespaceProperty)
                .Where(s =>
                    s.State.Selector is { } other
                    && (other.Text == text || pods.Any(pod => other.Selector.Matches(LabelSets.Of(pod.Metadata.Labels))))
                )
                .Select(s => s.Key.ToString()),
        ];
    }

    private static double? ToleranceOf(V2HPAScalingRules? rules) =>
        rules?.Tolerance is { } tolerance ? Petrel.Model.Documents.Quantity.Parse(tolerance.ToString()).MilliValue / 1000.0 : null;
}
