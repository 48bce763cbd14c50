using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Disruption;

/// <summary>
/// Keeps the status of PodDisruptionBudgets: how many pods they cover, how many of those are healthy, and how many may be evicted
/// (upstream: disruption controller). Evictions take from it between two counts; a count that one came in between is not written.
/// </summary>
public sealed partial class DisruptionController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly EventRecorder _events;
    private readonly ControllerScales _scales;
    private readonly WorkQueue<ObjectKey> _queue;

    public DisruptionController(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _events = context.Events(Name);
        _scales = new(context);
        _queue = new(context.Time, maxDelay: TimeSpan.FromSeconds(60));
        context.Caches.PodDisruptionBudgets.OnChange(change =>
        {
            if (change.New is { } budget)
            {
                _queue.Add(KeyOf(budget));
            }
        });
        context.Caches.Pods.OnChange(change =>
        {
            foreach (
                var budget in context.Caches.PodDisruptionBudgets.ByIndex(
                    ClusterCaches.ByNamespace,
                    change.Latest.Metadata.NamespaceProperty
                )
            )
            {
                if (Covers(budget, change.New) || Covers(budget, change.Old))
                {
                    _queue.Add(KeyOf(budget));
                }
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "disruption-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await Loops.RunTogetherAsync(
                cancellationToken,
                _events.RunAsync,
                new ReconcilerHost(this, _queue, _logger, _context.Settings.Workers).RunAsync
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Works on one budget.</summary>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Caches.PodDisruptionBudgets.Get(key) is not { } budget)
        {
            return null;
        }
        V1Pod[] pods = [.. _context.Caches.Pods.InNamespace(key.Namespace).Where(pod => Covers(budget, pod))];
        if (pods.Length == 0)
        {
            _events.Record(budget, "Normal", "NoPods", "No matching pods found");
        }
        var wanted = 0;
        if (DisruptionPlan.NeedsScale(budget.Spec))
        {
            try
            {
                (wanted, var unmanaged) = await _scales.SumAsync(pods, cancellationToken);
                if (unmanaged.Count > 0)
                {
                    _events.Record(budget, "Warning", "UnmanagedPods", Unmanaged(budget));
                }
            }
            catch (UnknownScaleException e)
            {
                _events.Record(
                    budget,
                    "Warning",
                    "CalculateExpectedPodCountFailed",
                    $"Failed to calculate the number of expected pods: {e.Message}"
                );
                var failed = DisruptionPlan.Failed(budget, e.Message, _context.Time.GetUtcNow());
                if (!DisruptionPlan.Same(budget.Status ?? new(), failed))
                {
                    await WriteAsync(budget, failed, cancellationToken);
                }
                return null;
            }
        }
        var plan = DisruptionPlan.Compute(budget, pods, wanted, _context.Time.GetUtcNow());
        foreach (var pod in plan.Overdue)
        {
            _events.Record(pod, "Warning", "NotDeleted", $"Pod was expected by PDB {key} to be deleted but it wasn't");
        }
        if (plan.Changed)
        {
            await WriteAsync(budget, plan.Status, cancellationToken);
            LogCounted(_logger, key, plan.Status.DisruptionsAllowed ?? 0);
        }
        return plan.RequeueAfter;
    }

    private async ValueTask WriteAsync(
        V1PodDisruptionBudget budget,
        V1PodDisruptionBudgetStatus status,
        CancellationToken cancellationToken
    ) =>
        await _context.Client.UpdateStatusAsync(
            new V1PodDisruptionBudget
            {
                ApiVersion = budget.ApiVersion,
                Kind = budget.Kind,
                Metadata = budget.Metadata,
                Spec = budget.Spec,
                Status = status,
            },
            cancellationToken
        );

    private static bool Covers(V1PodDisruptionBudget budget, V1Pod? pod) =>
        pod is not null && LabelSets.Selector(budget.Spec?.Selector).Matches(LabelSets.Of(pod.Metadata.Labels));

    private static string Unmanaged(V1PodDisruptionBudget budget) =>
        $"Pods selected by this PodDisruptionBudget (selector: {LabelSets.Selector(budget.Spec?.Selector)}) were found to be "
        + $"unmanaged. As a result, "
        + "the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these "
        + "pods please set "
        + "\".spec.minAvailable\" field of the PDB to an integer value.";

    private static ObjectKey KeyOf(V1PodDisruptionBudget budget) => new(budget.Metadata.NamespaceProperty, budget.Metadata.Name);

    [LoggerMessage(EventId = 3165, Level = LogLevel.Debug, Message = "Budget {Key} allows {Allowed} disruptions")]
    private static partial void LogCounted(ILogger logger, ObjectKey key, int allowed);
}
