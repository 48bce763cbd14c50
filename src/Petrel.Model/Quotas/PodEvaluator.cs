using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>Pods: their number, and their requests and limits while they may run.</summary>
internal sealed class PodEvaluator : IQuotaEvaluator
{
    private const string ObjectCount = "count/pods";
    private const string RequestsPrefix = "requests.";
    private const string HugePagesPrefix = "hugepages-";

    private static readonly string[] Resources =
    [
        ObjectCount,
        "pods",
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
    ];

    // If a quota limits one of these resources, every container must specify it.
    private static readonly string[] Demanded = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

    // A resize goes through its own subresource. No other update can increase the requests or limits of a pod.
    public bool ChargesUpdates => false;

    public bool Counts(string resource) =>
        Resources.Contains(resource)
        || resource.StartsWith(HugePagesPrefix, StringComparison.Ordinal)
        || resource.StartsWith(RequestsPrefix + HugePagesPrefix, StringComparison.Ordinal)
        || (resource.StartsWith(RequestsPrefix, StringComparison.Ordinal) && !IsNative(resource));

    public ResourceAmounts Usage(JsonObject document, DateTimeOffset now)
    {
        // The object count includes every stored pod. All other resources count only while the pod may run.
        var usage = new ResourceAmounts { [ObjectCount] = Quantity.FromValue(1) };
        if (document.Child("spec") is { } spec && MayRun(document, now))
        {
            usage.Add(Taken(PodAmounts.Requests(spec), PodAmounts.Limits(spec)));
        }
        return usage;
    }

    public bool Meets(ScopeSelector selector, JsonObject document)
    {
        var spec = document.Child("spec");
        return selector.Scope switch
        {
            "Terminating" => IsTerminating(spec),
            "NotTerminating" => !IsTerminating(spec),
            "BestEffort" => IsBestEffort(document),
            "NotBestEffort" => !IsBestEffort(document),
            "PriorityClass" => selector.Meets(spec.Text("priorityClassName") is { Length: > 0 } name ? [name] : []),
            "CrossNamespacePodAffinity" => ReachesOtherNamespaces(spec),
            _ => false,
        };
    }

    public string? Problem(IReadOnlyCollection<string> resources, JsonObject document)
    {
        if (document.Child("spec") is not { } spec || PodAmounts.HasPodLevel(spec))
        {
            return null;
        }
        var missing = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            var taken = Taken(PodAmounts.Of(container, "requests"), PodAmounts.Of(container, "limits"));
            foreach (var resource in resources.Where(r => Demanded.Contains(r) && !taken.Has(r)))
            {
                if (!missing.TryGetValue(resource, out var containers))
                {
                    missing[resource] = containers = new(StringComparer.Ordinal);
                }
                containers.Add(container.Text("name"));
            }
        }
        return missing.Count == 0
            ? null
            : $"must specify {string.Join("; ", missing.Select(m => $"{m.Key} for: {string.Join(',', m.Value)}"))}";
    }

    /// <summary>
    /// Whether a pod may still run. A terminated pod uses no quota. Neither does a pod whose deletion grace period is over, because pods on
    /// a lost node would otherwise hold the quota forever.
    /// </summary>
    private static bool MayRun(JsonObject pod, DateTimeOffset now)
    {
        if (pod.Child("status").Text("phase") is "Failed" or "Succeeded")
        {
            return false;
        }
        var metadata = pod.Child("metadata");
        return metadata.Number("deletionGracePeriodSeconds") is not { } grace
            || !DateTimeOffset.TryParse(metadata.Text("deletionTimestamp"), CultureInfo.InvariantCulture, out var deletion)
            || now <= deletion.AddSeconds(grace);
    }

    private static ResourceAmounts Taken(ResourceAmounts requests, ResourceAmounts limits)
    {
        var taken = new ResourceAmounts { ["pods"] = Quantity.FromValue(1) };
        foreach (var name in (ReadOnlySpan<string>)["cpu", "memory", "ephemeral-storage"])
        {
            if (requests.Has(name))
            {
                taken[name] = requests[name];
                taken[RequestsPrefix + name] = requests[name];
            }
            if (limits.Has(name))
            {
                taken["limits." + name] = limits[name];
            }
        }
        foreach (var name in requests.Names)
        {
            if (name.StartsWith(HugePagesPrefix, StringComparison.Ordinal))
            {
                taken[name] = requests[name];
                taken[RequestsPrefix + name] = requests[name];
            }
            else if (!IsNative(name) && !name.StartsWith(RequestsPrefix, StringComparison.Ordinal))
            {
                taken[RequestsPrefix + name] = requests[name];
            }
        }
        return taken;
    }

    // Native resources have no domain prefix, or one of Kubernetes' own domains (kubernetes.io).
    private static bool IsNative(string resource) =>
        !resource.Contains('/', StringComparison.Ordinal) || resource.Contains("kubernetes.io/", StringComparison.Ordinal);

    private static bool IsTerminating(JsonObject? spec) => spec.Number("activeDeadlineSeconds") >= 0;

    private static bool IsBestEffort(JsonObject pod)
    {
        if (pod.Child("status").Text("qosClass") is { Length: > 0 } known)
        {
            return known == "BestEffort";
        }
        var spec = pod.Child("spec");
        IEnumerable<JsonObject> holders =
            spec is not null && PodAmounts.HasPodLevel(spec) ? [spec] : spec.Objects("containers").Concat(spec.Objects("initContainers"));
        return !holders.Any(h => TakesComputing(PodAmounts.Of(h, "requests")) || TakesComputing(PodAmounts.Of(h, "limits")));
    }

    private static bool TakesComputing(ResourceAmounts amounts) => !amounts["cpu"].IsZero || !amounts["memory"].IsZero;

    private static bool ReachesOtherNamespaces(JsonObject? spec)
    {
        var affinity = spec.Child("affinity");
        return Terms(affinity.Child("podAffinity"))
            .Concat(Terms(affinity.Child("podAntiAffinity")))
            .Any(term => term.Texts("namespaces").Any() || term["namespaceSelector"] is not null);
    }

    private static IEnumerable<JsonObject> Terms(JsonObject? affinity) =>
        [
            .. affinity.Objects("requiredDuringSchedulingIgnoredDuringExecution"),
            .. affinity
                .Objects("preferredDuringSchedulingIgnoredDuringExecution")
                .Select(t => t.Child("podAffinityTerm"))
                .OfType<JsonObject>(),
        ];
}
