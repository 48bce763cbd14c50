using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Quotas;

namespace Petrel.ApiServer.Admission.Limits;

/// <summary>What in a pod or claim violates a LimitRange, in upstream's words.</summary>
internal static class LimitRules
{
    // Above this, thousandths overflow a long.
    private const long MaxMilliValue = long.MaxValue / 1000;

    public static IReadOnlyList<string> OfPod(JsonObject limitRange, JsonObject pod)
    {
        var problems = new List<string>();
        var spec = pod.Child("spec") ?? [];
        foreach (var limit in limitRange.Child("spec").Objects("limits"))
        {
            switch (limit.Text("type"))
            {
                case "Container":
                    foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
                    {
                        Check(limit, PodAmounts.Of(container, "requests"), PodAmounts.Of(container, "limits"), problems);
                    }
                    break;
                case "Pod":
                    Check(limit, PodAmounts.Requests(WithoutOverhead(spec)), PodAmounts.Limits(WithoutOverhead(spec)), problems);
                    break;
            }
        }
        return problems;
    }

    public static IReadOnlyList<string> OfClaim(JsonObject limitRange, JsonObject claim)
    {
        var problems = new List<string>();
        var requests = ResourceAmounts.From(claim.Child("spec").Child("resources")?["requests"]);
        foreach (var limit in limitRange.Child("spec").Objects("limits").Where(l => l.Text("type") == "PersistentVolumeClaim"))
        {
            Each(limit, "min", (name, bound) => AtLeast(limit, name, bound, requests, new()), problems);
            Each(limit, "max", (name, bound) => RequestAtMost(limit, name, bound, requests), problems);
        }
        return problems;
    }

    /// <summary>Several problems as one message.</summary>
    public static string Message(IEnumerable<string> problems)
    {
        string[] all = [.. problems.Distinct()];
        return all.Length == 1 ? all[0] : $"[{string.Join(", ", all)}]";
    }

    // The overhead of the runtime class is not part of the requests.
    private static JsonObject WithoutOverhead(JsonObject spec)
    {
        if (!spec.Has("overhead"))
        {
            return spec;
        }
        var copy = spec.DeepClone().AsObject();
        copy.Remove("overhead");
        return copy;
    }

    private static void Check(JsonObject limit, ResourceAmounts requests, ResourceAmounts limits, List<string> problems)
    {
        Each(limit, "min", (name, bound) => AtLeast(limit, name, bound, requests, limits), problems);
        Each(limit, "max", (name, bound) => AtMost(limit, name, bound, requests, limits), problems);
        Each(limit, "maxLimitRequestRatio", (name, bound) => Ratio(limit, name, bound, requests, limits), problems);
    }

    private static void Each(JsonObject limit, string list, Func<string, Quantity, string?> check, List<string> problems)
    {
        var bounds = ResourceAmounts.From(limit[list]);
        foreach (var name in bounds.Names)
        {
            if (check(name, bounds[name]) is { } problem)
            {
                problems.Add(problem);
            }
        }
    }

    private static string? AtLeast(JsonObject limit, string name, Quantity bound, ResourceAmounts requests, ResourceAmounts limits)
    {
        var rule = $"minimum {name} usage per {limit.Text("type")} is {bound}";
        if (!requests.Has(name))
        {
            return $"{rule}.  No request is specified";
        }
        if (requests[name] < bound)
        {
            return $"{rule}, but request is {requests[name]}";
        }
        return limits.Has(name) && limits[name] < bound ? $"{rule}, but limit is {limits[name]}" : null;
    }

    private static string? AtMost(JsonObject limit, string name, Quantity bound, ResourceAmounts requests, ResourceAmounts limits)
    {
        var rule = $"maximum {name} usage per {limit.Text("type")} is {bound}";
        if (!limits.Has(name))
        {
            return $"{rule}.  No limit is specified";
        }
        if (limits[name] > bound)
        {
            return $"{rule}, but limit is {limits[name]}";
        }
        return requests.Has(name) && requests[name] > bound ? $"{rule}, but request is {requests[name]}" : null;
    }

    private static string? RequestAtMost(JsonObject limit, string name, Quantity bound, ResourceAmounts requests)
    {
        var rule = $"maximum {name} usage per {limit.Text("type")} is {bound}";
        if (!requests.Has(name))
        {
            return $"{rule}.  No request is specified";
        }
        return requests[name] > bound ? $"{rule}, but request is {requests[name]}" : null;
    }

    private static string? Ratio(JsonObject limit, string name, Quantity bound, ResourceAmounts requests, ResourceAmounts limits)
    {
        var rule = $"{name} max limit to request ratio per {limit.Text("type")} is {bound}";
        if (requests[name].IsZero)
        {
            return $"{rule}, but no request is specified or request is 0";
        }
        if (limits[name].IsZero)
        {
            return $"{rule}, but no limit is specified or limit is 0";
        }
        var (request, most) = (requests[name], limits[name]);
        var ratio =
            request.Value <= MaxMilliValue && most.Value <= MaxMilliValue
                ? (double)most.MilliValue / request.MilliValue
                : (double)most.Value / request.Value;
        return ratio > bound.MilliValue / 1000d
            ? $"{rule}, but provided ratio is {ratio.ToString("F6", CultureInfo.InvariantCulture)}"
            : null;
    }
}
