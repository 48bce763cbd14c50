using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// The pod condition DisruptionTarget: the pod is about to be terminated by a disruption (Kubernetes documentation, "Pod disruption
/// conditions").
/// </summary>
internal static class DisruptionTarget
{
    /// <summary>A merge patch of the pod's status that sets the condition. The uid and resourceVersion are preconditions.</summary>
    public static JsonObject Patch(V1Pod pod, string reason, string message, DateTimeOffset now)
    {
        var conditions = (pod.Status?.Conditions ?? [])
            .Where(c => c.Type != "DisruptionTarget")
            .Append(
                new V1PodCondition
                {
                    Type = "DisruptionTarget",
                    Status = "True",
                    Reason = reason,
                    Message = message,
                    LastTransitionTime = now.UtcDateTime,
                }
            );
        var patch = ConditionalPatch.For(pod);
        patch["status"] = new JsonObject { ["conditions"] = ConditionalPatch.Json(conditions.ToList()) };
        return patch;
    }
}
