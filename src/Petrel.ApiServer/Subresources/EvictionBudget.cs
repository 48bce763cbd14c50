using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Subresources;

/// <summary>What a PodDisruptionBudget allows an eviction to do.</summary>
internal static class EvictionBudget
{
    // The maximum of evictions that the disruption controller has not confirmed. Beyond it the controller is taken to be down.
    private const int MaxDisruptedPods = 2000;

    /// <summary>Whether the pod's end disrupts nothing: it has ended, has not started, or is terminating.</summary>
    public static bool AreIdleFor(JsonObject pod) =>
        pod.Child("status").Text("phase") is "Succeeded" or "Failed" or "Pending" || pod.Metadata().Has("deletionTimestamp");

    /// <summary>Whether the budget covers the pod. An absent selector covers no pod, an empty one all.</summary>
    public static bool Covers(JsonObject budget, JsonObject pod)
    {
        try
        {
            var labels = pod.Metadata().Map("labels").ToDictionary(StringComparer.Ordinal);
            return LabelSelector.FromDocument(budget.Child("spec")?["selector"]).Matches(labels);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether the pod is unhealthy and may be evicted without using the budget.</summary>
    public static bool LetsUnhealthyGo(JsonObject budget, JsonObject pod)
    {
        if (pod.Child("status").Objects("conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True"))
        {
            return false;
        }
        if (budget.Child("spec").Text("unhealthyPodEvictionPolicy") == "AlwaysAllow")
        {
            return true;
        }
        var status = budget.Child("status");
        var desired = status.Number("desiredHealthy") ?? 0;
        return desired > 0 && (status.Number("currentHealthy") ?? 0) >= desired;
    }

    /// <summary>Takes one disruption from the budget and notes the pod in it.</summary>
    /// <exception cref="StatusException">The budget does not allow it.</exception>
    public static void Take(JsonObject budget, string pod, DateTimeOffset now)
    {
        var name = budget.Metadata().Text("name");
        var status = budget.Ensure("status");
        if ((status.Number("observedGeneration") ?? 0) < (budget.Metadata().Number("generation") ?? 0))
        {
            throw Busy(name);
        }
        var allowed = status.Number("disruptionsAllowed") ?? 0;
        if (allowed < 0)
        {
            throw Refused(name, "pdb disruptions allowed is negative");
        }
        var disrupted = status.Ensure("disruptedPods");
        if (disrupted.Count > MaxDisruptedPods)
        {
            throw Refused(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }
        if (allowed == 0)
        {
            throw Exhausted(name, status);
        }
        status["disruptionsAllowed"] = allowed - 1;
        disrupted[pod] = now.ToTimestamp();
        if (allowed == 1)
        {
            SetExhausted(status, now);
        }
    }

    /// <summary>The budget's status is not current: its controller has not observed it, or a concurrent eviction changed it.</summary>
    public static StatusException Busy(string budget) =>
        Violation($"The disruption budget {budget} is still being processed by the server.", retryAfterSeconds: 10);

    private static StatusException Exhausted(string name, JsonObject status)
    {
        var failure = status
            .Objects("conditions")
            .FirstOrDefault(c => c.Text("type") == "DisruptionAllowed" && c.Text("status") == "False" && c.Text("reason") == "SyncFailed");
        return Violation(
            failure is null
                ? $"The disruption budget {name} needs {status.Number("desiredHealthy") ?? 0} healthy pods and has "
                    + $"{status.Number("currentHealthy") ?? 0} currently"
                : $"The disruption budget {name} does not allow evicting pods currently because it failed sync: {failure.Text("message")}",
            retryAfterSeconds: 0
        );
    }

    private static StatusException Violation(string cause, int retryAfterSeconds)
    {
        var details = new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = cause }),
        };
        if (retryAfterSeconds > 0)
        {
            details["retryAfterSeconds"] = retryAfterSeconds;
        }
        return new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", details);
    }

    private static StatusException Refused(string name, string why) => StatusErrors.Forbidden("policy", "poddisruptionbudget", name, why);

    private static void SetExhausted(JsonObject status, DateTimeOffset now)
    {
        var condition = Conditions.Find(status, "DisruptionAllowed") ?? new JsonObject { ["type"] = "DisruptionAllowed" };
        if (condition.Text("status") != "False")
        {
            condition["lastTransitionTime"] = now.ToTimestamp();
        }
        condition["status"] = "False";
        condition["reason"] = "InsufficientPods";
        condition["message"] = "";
        condition["observedGeneration"] = status.Number("observedGeneration") ?? 0;
        if (condition.Parent is null)
        {
            Conditions.Set(status, condition);
        }
    }
}
