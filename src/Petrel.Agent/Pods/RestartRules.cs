using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>
/// Whether a container that exited runs again: by its own restart rules, its own restart policy, or the pod's policy, in this order
/// (Kubernetes documentation, "Individual container restart policy and rules"). Pure functions.
/// </summary>
internal static class RestartRules
{
    /// <summary>Whether a container that exited with this code is restarted.</summary>
    public static bool Restarts(V1Pod pod, V1Container container, int exitCode)
    {
        foreach (var rule in container.RestartPolicyRules ?? [])
        {
            if (rule.ExitCodes is { } codes && Matches(codes, exitCode))
            {
                return rule.Action == "Restart";
            }
        }
        return PolicyOf(pod, container) switch
        {
            "Never" => false,
            "OnFailure" => exitCode != 0,
            _ => true,
        };
    }

    /// <summary>Whether the container has exited and is not restarted.</summary>
    public static bool IsOver(V1Pod pod, V1Container container, ContainerStatus? current) =>
        current is { State: ContainerState.Exited } exited && !Restarts(pod, container, exited.ExitCode ?? 0);

    /// <summary>Whether the failure of an init container fails the pod.</summary>
    public static bool FailsPod(V1Pod pod, V1Container init, ContainerStatus? current) =>
        !init.IsSidecar()
        && current is { State: ContainerState.Exited, ExitCode: not 0 } exited
        && !Restarts(pod, init, exited.ExitCode ?? 0);

    // An init container that succeeded is not restarted, so the pod's policy Always means OnFailure for it.
    private static string PolicyOf(V1Pod pod, V1Container container)
    {
        if (container.RestartPolicy is { Length: > 0 } own)
        {
            return own;
        }
        var isInit = pod.Spec.InitContainers?.Any(c => c.Name == container.Name) == true;
        return isInit && pod.Spec.RestartPolicy != "Never" ? "OnFailure" : pod.Spec.RestartPolicy ?? "Always";
    }

    private static bool Matches(V1ContainerRestartRuleOnExitCodes codes, int exitCode)
    {
        var listed = (codes.Values ?? []).Contains(exitCode);
        return codes.OperatorProperty switch
        {
            "In" => listed,
            "NotIn" => !listed,
            _ => false,
        };
    }
}
