using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;
using Quantity = Petrel.Model.Documents.Quantity;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// No commit takes a namespace beyond one of its quotas' hard limits (those that the quota's status shows: before it does, nothing is
/// limited), counted from the objects that exist: pods and their requests, claims, and objects of a kind. A limit that is lowered below
/// what there is takes nothing away, but lets nothing more in. (Source: upstream's quota evaluators. Finished pods don't count, and neither
/// do terminating ones: upstream stops to count them some time after their grace, by a clock that may be wrong here.)
/// </summary>
public sealed class QuotaInvariant(ClusterFacts facts) : IInvariant
{
    private const string Quotas = "/registry/core/resourcequotas/";

    /// <inheritdoc/>
    public string Name => "quota";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        foreach (var change in commit)
        {
            // Only a created object can exceed a quota.
            if (change.Before is not null || change.After is null || NamespaceOf(change.Key) is not { } space)
            {
                continue;
            }
            foreach (var (key, quota) in facts.Objects(Quotas))
            {
                if (
                    NamespaceOf(key) == space
                    && quota.At("spec", "scopes") is null
                    && quota.At("spec", "scopeSelector") is null
                    && quota.At("status", "hard") is { } hard
                    && Exceeded(hard, space, change.Key) is { } problem
                )
                {
                    return $"{change.Key} came, and in {space} there are {problem} (quota {quota.Name()})";
                }
            }
        }
        return null;
    }

    private string? Exceeded(JsonElement hard, string space, string added)
    {
        foreach (var limit in hard.EnumerateObject())
        {
            if (Resource(limit.Name) is { } kind && added.StartsWith(kind, StringComparison.Ordinal))
            {
                var used = Used(limit.Name, kind, space);
                if (used > Quantity.Parse(limit.Value.ToString()))
                {
                    return $"{used} of {limit.Name}, at most {limit.Value} may be";
                }
            }
        }
        return null;
    }

    private Quantity Used(string resource, string kind, string space)
    {
        if (kind != CommittedPod.Prefix || resource == "count/pods")
        {
            return Quantity.FromValue(facts.Objects(kind).Count(o => NamespaceOf(o.Key) == space));
        }
        var pods = facts.Pods.Values.Where(p => p.Namespace == space && p.IsActive).ToList();
        return resource switch
        {
            "pods" => Quantity.FromValue(pods.Count),
            "cpu" or "requests.cpu" => Quantity.FromMilli(pods.Sum(p => p.MilliCpu)),
            _ => Quantity.FromValue(pods.Sum(p => p.Memory)),
        };
    }

    // The kind whose objects take from a quota's resource; null for one that no scenario limits.
    private static string? Resource(string name) =>
        name switch
        {
            "pods" or "count/pods" or "cpu" or "requests.cpu" or "memory" or "requests.memory" => CommittedPod.Prefix,
            "persistentvolumeclaims" or "configmaps" or "services" or "replicationcontrollers" => $"/registry/core/{name}/",
            _ when name.StartsWith("count/", StringComparison.Ordinal) => Counted(name["count/".Length..]),
            _ => null,
        };

    private static string Counted(string resource)
    {
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? $"/registry/core/{resource}/" : $"/registry/{resource[(dot + 1)..]}/{resource[..dot]}/";
    }

    private static string? NamespaceOf(string key)
    {
        var parts = key.Split('/');
        return parts.Length == 6 ? parts[4] : null;
    }
}
