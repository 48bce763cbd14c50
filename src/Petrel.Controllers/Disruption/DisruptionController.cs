using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Disruption;

/// <summary>
/// Keeps the status of PodDisruptionBudgets: how many pods they cover, how many of those are healthy, and how many may be evicted
/// (upstream: disruption controller). Evictions decrement the status between two syncs. A status that was computed before an eviction is
/// rejected by its resourceVersion.
/// </summary>
public sealed partial class DisruptionController : IController
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly ControllerScales _scales;

    public DisruptionController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(context, "disruption-controller", SyncAsync, new() { MaxDelay = TimeSpan.FromSeconds(60) });
        _scales = new(context);

        _loop.WatchExisting(_caches.PodDisruptionBudgets);
        _loop.Watch(_caches.Pods, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change) =>
        _caches
            .PodDisruptionBudgets.InNamespace(change.Latest.Metadata.NamespaceProperty)
            .Where(budget => Covers(budget, change.New) || Covers(budget, change.Old))
            .Select(budget => budget.Key());

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_caches.PodDisruptionBudgets.Get(key) is not { } budget)
        {
            return null;
        }
        V1Pod[] pods = [.. _caches.Pods.InNamespace(key.Namespace).Where(pod => Covers(budget, pod))];
        if (pods.Length == 0)
        {
            _loop.Events.Record(budget, "Normal", "NoPods", "No matching pods found");
        }
        var expectedPods = 0;
        if (DisruptionPlan.NeedsScale(budget.Spec))
        {
            try
            {
                (expectedPods, var unmanaged) = await _scales.SumAsync(pods, cancellationToken);
                if (unmanaged.Count > 0)
                {
                    _loop.Events.Record(budget, "Warning", "UnmanagedPods", UnmanagedMessage(budget));
                }
            }
            catch (UnknownScaleException e)
            {
                _loop.Events.Record(
                    budget,
                    "Warning",
                    "CalculateExpectedPodCountFailed",
                    $"Failed to calculate the number of expected pods: {e.Message}"
                );
                var failed = DisruptionPlan.Failed(budget, e.Message, _context.Time.GetUtcNow());
                if (!DisruptionPlan.AreEqual(budget.Status ?? new(), failed))
                {
                    await WriteAsync(budget, failed, cancellationToken);
                }
                return null;
            }
        }
        var plan = DisruptionPlan.Compute(budget, pods, expectedPods, _context.Time.GetUtcNow());
        foreach (var pod in plan.Overdue)
        {
            _loop.Events.Record(pod, "Warning", "NotDeleted", $"Pod was expected by PDB {key} to be deleted but it wasn't");
        }
        if (plan.Changed)
        {
            await WriteAsync(budget, plan.Status, cancellationToken);
            LogCounted(_loop.Logger, key, plan.Status.DisruptionsAllowed ?? 0);
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
        pod is not null && LabelSelectors.From(budget.Spec?.Selector).Matches(LabelSets.Of(pod.Metadata.Labels));

    private static string UnmanagedMessage(V1PodDisruptionBudget budget) =>
        $"Pods selected by this PodDisruptionBudget (selector: {LabelSelectors.From(budget.Spec?.Selector)}) were found to be "
        + $"unmanaged. As a result, "
        + "the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these "
        + "pods please set "
        + "\".spec.minAvailable\" field of the PDB to an integer value.";

    [LoggerMessage(EventId = 3165, Level = LogLevel.Debug, Message = "Budget {Key} allows {Allowed} disruptions")]
    private static partial void LogCounted(ILogger logger, ObjectKey key, int allowed);
}
