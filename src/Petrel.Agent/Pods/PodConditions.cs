using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Model.Documents;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>
/// The conditions of a pod that its node's agent reports: PodReadyToStartContainers, Initialized, ContainersReady and Ready (upstream:
/// <c>pkg/kubelet/status/generate.go</c>). Pure functions.
/// </summary>
internal static class PodConditions
{
    private sealed record Condition(string Type, bool IsTrue, string Reason = "", string Message = "");

    /// <summary>
    /// The conditions as JSON. Absent reasons and messages are null, because in a strategic merge patch a field that is left out keeps the
    /// value that it had before.
    /// </summary>
    public static JsonArray Build(PodView view, string phase, DateTimeOffset now)
    {
        var containers = ContainersReady(view, phase);
        List<Condition> own =
        [
            new("PodReadyToStartContainers", view.SandboxReady && !view.Ended),
            Initialized(view, phase),
            containers.IsTrue ? Gated(view) : containers with { Type = "Ready" },
            containers,
        ];
        return new([.. own.Select(c => Json(c, view, now))]);
    }

    /// <summary>Whether the API shows the same conditions, apart from their times.</summary>
    public static bool Agree(JsonArray own, V1Pod pod) =>
        own.All(condition =>
            pod.Condition((string)condition!["type"]!) is { } shown
            && shown.Status == (string?)condition["status"]
            && (shown.Reason ?? "") == ((string?)condition["reason"] ?? "")
            && (shown.Message ?? "") == ((string?)condition["message"] ?? "")
        );

    private static Condition ContainersReady(PodView view, string phase)
    {
        if (phase is "Succeeded" or "Failed")
        {
            return new("ContainersReady", false, phase == "Succeeded" ? "PodCompleted" : "PodFailed");
        }
        var spec = view.Pod.Spec;
        var unready = (spec.InitContainers ?? [])
            .Where(PodStates.IsSidecar)
            .Concat(spec.Containers)
            .Select(c => c.Name)
            .Where(name => !PodStatusBuilder.IsReady(view.Containers[name]))
            .ToList();
        return unready.Count > 0
                ? new("ContainersReady", false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]")
            // The pod's last containers have exited, but the final phase is not known yet.
            : view.Ended ? new("ContainersReady", false, "ContainersNotReady")
            : new("ContainersReady", true);
    }

    // Ready, when all containers are ready: the readiness gates decide.
    private static Condition Gated(PodView view)
    {
        List<string> closed = [];
        foreach (var gate in view.Pod.Spec.ReadinessGates ?? [])
        {
            if (view.Pod.Condition(gate.ConditionType) is not { } condition)
            {
                closed.Add($"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.");
            }
            else if (condition.Status != "True")
            {
                closed.Add($"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}");
            }
        }
        return closed.Count == 0 ? new("Ready", true) : new("Ready", false, "ReadinessGatesNotReady", string.Join(", ", closed));
    }

    private static Condition Initialized(PodView view, string phase)
    {
        if (phase == "Succeeded")
        {
            return new("Initialized", true, "PodCompleted");
        }
        // A pod whose main containers have started stays initialized when a sidecar restarts.
        if (view.Pod.Spec.Containers.Any(c => HasStarted(view.Containers[c.Name])))
        {
            return new("Initialized", true);
        }
        var incomplete = (view.Pod.Spec.InitContainers ?? [])
            .Where(c => !PodStatusBuilder.IsInitialized(c, view))
            .Select(c => c.Name)
            .ToList();
        return incomplete.Count == 0
            ? new("Initialized", true)
            : new("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', incomplete)}]");
    }

    private static bool HasStarted(ContainerView view) =>
        view.Previous is not null || view.Current is { State: ContainerState.Running or ContainerState.Exited };

    private static JsonObject Json(Condition condition, PodView view, DateTimeOffset now)
    {
        var status = condition.IsTrue ? "True" : "False";
        var before = view.Pod.Condition(condition.Type);
        var since = before?.Status == status && before.LastTransitionTime is { } at ? new DateTimeOffset(at.ToUniversalTime()) : now;
        return new()
        {
            ["type"] = condition.Type,
            ["status"] = status,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = since.ToTimestamp(),
            ["observedGeneration"] = view.Pod.Metadata.Generation,
            ["reason"] = condition.Reason.Length > 0 ? condition.Reason : null,
            ["message"] = condition.Message.Length > 0 ? condition.Message : null,
        };
    }
}
