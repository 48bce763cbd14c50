using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Model.Quotas;
using Petrel.Workloads;

namespace Petrel.Controllers.Quotas;

/// <summary>Which changes need a new count. Admission counts new usage; this controller counts what was freed.</summary>
internal static class QuotaTriggers
{
    private const string CountPrefix = "count/";

    /// <summary>The quota is new, or its limits are not in its status yet.</summary>
    public static bool NeedsCount(CacheChange<V1ResourceQuota> change) =>
        change.New is { } quota && (change.Old is null || !AreEqual(quota.Spec?.Hard, quota.Status?.Hard));

    /// <summary>The pod is gone or finished.</summary>
    public static bool FreesUsage(CacheChange<V1Pod> change) =>
        change.Old is { } old && (change.New is not { } pod || (pod.IsFinished() && !old.IsFinished()));

    /// <summary>The Service is gone, or may use fewer ports or load balancers.</summary>
    public static bool FreesUsage(CacheChange<V1Service> change) =>
        change.Old is { } old
        && (change.New is not { } service || service.Spec?.Type != old.Spec?.Type || service.Spec?.Ports?.Count != old.Spec?.Ports?.Count);

    /// <summary>Whether the quota counts objects of this resource.</summary>
    public static bool Counts(V1ResourceQuota quota, string group, string plural) =>
        QuotaEvaluators.For(group, plural) is { } evaluator && (quota.Spec?.Hard?.Keys.Any(evaluator.Counts) ?? false);

    /// <summary>Whether the quota counts objects of a kind that discovery did not list yet, such as a new custom kind.</summary>
    public static bool CountsUnknown(V1ResourceQuota quota, IEnumerable<ResourceKind> kinds) =>
        (quota.Spec?.Hard?.Keys ?? [])
            .Where(name => name.StartsWith(CountPrefix, StringComparison.Ordinal))
            .Select(name => name[CountPrefix.Length..])
            .Any(name => !kinds.Any(kind => name == (kind.Gvk.Group.Length == 0 ? kind.Plural : $"{kind.Plural}.{kind.Gvk.Group}")));

    private static bool AreEqual(IDictionary<string, ResourceQuantity>? left, IDictionary<string, ResourceQuantity>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left ?? new Dictionary<string, ResourceQuantity>()).All(l =>
            right!.TryGetValue(l.Key, out var amount) && amount.ToString() == l.Value.ToString()
        );
}
