using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Model.Documents;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>The state of one container, from which its entry in the pod's status is built.</summary>
/// <param name="Current">The latest attempt, or null before the first one.</param>
/// <param name="Previous">The attempt before <paramref name="Current"/>, or null when its record no longer exists.</param>
/// <param name="Probes">The results of the container's probes while it is running.</param>
/// <param name="WaitingReason">Why the container is waiting to run; empty when it is not waiting.</param>
/// <param name="WaitingMessage">The message for <paramref name="WaitingReason"/>.</param>
/// <param name="RestartCount">How often the container was restarted.</param>
internal sealed record ContainerView(
    ContainerStatus? Current,
    ContainerStatus? Previous,
    ProbeResults? Probes,
    string WaitingReason,
    string WaitingMessage,
    int RestartCount
)
{
    /// <summary>The termination message of <see cref="Current"/> once it has exited.</summary>
    public string Message { get; init; } = "";

    /// <summary>The termination message of <see cref="Previous"/>.</summary>
    public string PreviousMessage { get; init; } = "";
}

/// <summary>The input from which a pod's status is built.</summary>
internal sealed record PodView(
    V1Pod Pod,
    AgentSettings Settings,
    string RuntimeName,
    IReadOnlyList<string> Addresses,
    bool SandboxReady,
    IReadOnlyDictionary<string, ContainerView> Containers,
    string FailReason,
    string FailMessage,
    bool Ended,
    DateTimeOffset StartTime
);

/// <summary>
/// Builds a pod's status: phase, conditions and container states as <c>kubectl describe</c> shows them. A pure function.
/// </summary>
internal static class PodStatusBuilder
{
    /// <summary>
    /// The status of a pod that the node refused before it started anything. As upstream, it has no container statuses, so that
    /// <c>kubectl get pods</c> shows the reason of the refusal.
    /// </summary>
    public static JsonObject Refused(V1Pod pod, string reason, string message, DateTimeOffset since) =>
        new()
        {
            ["observedGeneration"] = pod.Metadata.Generation,
            ["phase"] = "Failed",
            ["reason"] = reason,
            ["message"] = message,
            ["startTime"] = since.ToTimestamp(),
        };

    public static JsonObject Build(PodView view, DateTimeOffset now)
    {
        var spec = view.Pod.Spec;
        var inits = (spec.InitContainers ?? []).ToList();
        var initialized = inits.All(c => IsInitialized(c, view));
        var mains = spec.Containers.Select(c => (Spec: c, View: view.Containers[c.Name])).ToList();
        var phase = Phase(view, inits, initialized, mains.Select(m => m.View).ToList());
        var status = new JsonObject
        {
            ["observedGeneration"] = view.Pod.Metadata.Generation,
            ["phase"] = phase,
            ["reason"] = view.FailReason.Length > 0 ? view.FailReason : null,
            ["message"] = view.FailMessage.Length > 0 ? view.FailMessage : null,
            ["hostIP"] = view.Settings.NodeAddress,
            ["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = view.Settings.NodeAddress }),
            ["startTime"] = view.StartTime.ToTimestamp(),
        };
        if (view.Addresses.Count > 0)
        {
            status["podIP"] = view.Addresses[0];
            status["podIPs"] = new JsonArray([.. view.Addresses.Select(a => new JsonObject { ["ip"] = a })]);
        }
        status["conditions"] = PodConditions.Build(view, phase, now);
        status["containerStatuses"] = new JsonArray([.. spec.Containers.Select(c => ContainerStatus(c, view, isInit: false))]);
        if (inits.Count > 0)
        {
            status["initContainerStatuses"] = new JsonArray([.. inits.Select(c => ContainerStatus(c, view, isInit: true))]);
        }
        return status;
    }

    /// <summary>Whether the init container has progressed far enough for the next container to start.</summary>
    public static bool IsInitialized(V1Container container, PodView view)
    {
        var of = view.Containers[container.Name];
        return container.IsSidecar()
            ? of.Current?.State == ContainerState.Running && of.Probes?.Started != false
            : of.Current is { State: ContainerState.Exited, ExitCode: 0 };
    }

    public static bool IsReady(ContainerView view) => view.Current?.State == ContainerState.Running && view.Probes?.Ready == true;

    private static string Phase(PodView view, List<V1Container> inits, bool initialized, List<ContainerView> mains)
    {
        if (view.FailReason.Length > 0)
        {
            return "Failed";
        }
        if (view.Pod.IsFinished())
        {
            return view.Pod.Status.Phase; // A finished pod never runs again.
        }
        if (inits.Any(c => RestartRules.FailsPod(view.Pod, c, view.Containers[c.Name].Current)))
        {
            return "Failed";
        }
        if (!initialized && mains.All(m => m.Current is null))
        {
            return view.Ended ? "Failed" : "Pending";
        }
        var containers = view.Pod.Spec.Containers;
        var exited = mains.Count(m => m.Current?.State == ContainerState.Exited);
        if (exited == mains.Count && (view.Ended || containers.All(c => RestartRules.IsOver(view.Pod, c, view.Containers[c.Name].Current))))
        {
            return mains.All(m => m.Current!.ExitCode == 0) ? "Succeeded" : "Failed";
        }
        if (view.Ended)
        {
            // A container that never ran, or whose exit code is unknown because the node was rebooted, has failed. A Job needs a final
            // phase.
            return mains.All(m => m.Current is null or { State: ContainerState.Exited, ExitCode: 0 }) && exited > 0
                ? "Succeeded"
                : "Failed";
        }
        return mains.All(m => m.Current is null or { State: ContainerState.Created }) ? "Pending" : "Running";
    }

    private static JsonObject ContainerStatus(V1Container container, PodView view, bool isInit)
    {
        var of = view.Containers[container.Name];
        var current = of.Current;
        var status = new JsonObject
        {
            ["name"] = container.Name,
            ["image"] = current?.Image ?? container.Image,
            ["imageID"] = current?.ImageId ?? "",
            ["restartCount"] = of.RestartCount,
            ["ready"] = isInit && !container.IsSidecar() ? current is { State: ContainerState.Exited, ExitCode: 0 } : IsReady(of),
            ["started"] = current?.State == ContainerState.Running && of.Probes?.Started != false,
        };
        if (current is not null)
        {
            status["containerID"] = $"{view.RuntimeName}://{current.Id}";
        }
        var waiting = of.WaitingReason;
        if (current?.State == ContainerState.Running)
        {
            status["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Time(current.StartedAt) } };
        }
        else if (waiting.Length > 0 && !view.Ended)
        {
            var detail = new JsonObject { ["reason"] = waiting };
            if (of.WaitingMessage.Length > 0)
            {
                detail["message"] = of.WaitingMessage;
            }
            status["state"] = new JsonObject { ["waiting"] = detail };
        }
        else if (current?.State == ContainerState.Exited)
        {
            status["state"] = new JsonObject { ["terminated"] = Terminated(current, of.Message, view) };
        }
        else
        {
            // As upstream: every container of a pod with init containers waits for the pod's initialization.
            var reason = view.Pod.Spec.InitContainers?.Count > 0 ? "PodInitializing" : "ContainerCreating";
            status["state"] = new JsonObject { ["waiting"] = new JsonObject { ["reason"] = reason } };
        }
        var last = current?.State == ContainerState.Exited && waiting.Length > 0 && !view.Ended ? current : of.Previous;
        status["lastState"] = last is null
            ? new JsonObject()
            : new JsonObject { ["terminated"] = Terminated(last, last == current ? of.Message : of.PreviousMessage, view) };
        return status;
    }

    private static JsonObject Terminated(ContainerStatus container, string message, PodView view)
    {
        var terminated = new JsonObject
        {
            ["exitCode"] = container.ExitCode ?? 137,
            ["reason"] =
                container.Reason.Length > 0 ? container.Reason
                : container.ExitCode == 0 ? "Completed"
                : "Error",
            ["startedAt"] = Time(container.StartedAt ?? container.CreatedAt),
            ["finishedAt"] = Time(container.FinishedAt ?? container.StartedAt ?? container.CreatedAt),
            ["containerID"] = $"{view.RuntimeName}://{container.Id}",
        };
        if (message.Length > 0)
        {
            terminated["message"] = message;
        }
        return terminated;
    }

    private static string? Time(DateTimeOffset? at) => at?.ToTimestamp();
}
