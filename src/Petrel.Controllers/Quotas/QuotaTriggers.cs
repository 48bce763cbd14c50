using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Model.Quotas;
using Petrel.Workloads;

namespace Petrel.Controllers.Quotas;

/// <summary>Which changes ask for a new count. What grows is counted at its admission; what shrinks or goes is counted here.</summary>
internal static class QuotaTriggers
{
    /// <summary>A quota that is new, or whose limits are not in force yet.</summary>
    public static bool NeedsCount(CacheChange<V1ResourceQuota> change) =>
        change.New is { } quota && (change.Old is null || !Same(quota.Spec?.Hard, quota.Status?.Hard));

    /// <summary>A pod that is gone or has ended.</summary>
    public static bool FreesUsage(CacheChange<V1Pod> change) =>
        change.Old is { } old && (change.New is not { } pod || (pod.IsFinished() && !old.IsFinished()));

    /// <summary>A service that is gone, or may use fewer ports or balancers.</summary>
    public static bool FreesUsage(CacheChange<V1Service> change) =>
        change.Old is { } old
        && (change.New is not { } service || service.Spec?.Type != old.Spec?.Type || service.Spec?.Ports?.Count != old.Spec?.Ports?.Count);

    /// <summary>Whether a quota counts objects of a resource.</summary>
    public static bool Counts(V1ResourceQuota quota, string group, string plural) =>
        QuotaEvaluators.For(group, plural) is { } evaluator && (quota.Spec?.Hard?.Keys.Any(evaluator.Counts) ?? false);

    private static bool Same(IDictionary<string, ResourceQuantity>? left, IDictionary<string, ResourceQuantity>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left ?? new Dictionary<string, ResourceQuantity>()).All(l =>
            right!.TryGetValue(l.Key, out var amount) && amount.ToString() == l.Value.ToString()
        );
}
