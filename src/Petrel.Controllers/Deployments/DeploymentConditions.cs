using k8s.Models;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Deployments;

/// <summary>The conditions in a Deployment's status.</summary>
internal static class DeploymentConditions
{
    public static V1DeploymentCondition? Find(V1DeploymentStatus status, string type) =>
        status.Conditions?.FirstOrDefault(c => c.Type == type);

    /// <summary>A new condition. Its times are whole seconds.</summary>
    public static V1DeploymentCondition New(string type, string status, string reason, string message, DateTimeOffset now)
    {
        var seconds = now.WholeSeconds().UtcDateTime;
        return new()
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastUpdateTime = seconds,
            LastTransitionTime = seconds,
        };
    }

    /// <summary>
    /// Sets a condition. If the status and reason are the same, the old condition stays, unless <paramref name="refresh"/>. If the status
    /// is the same, the transition time stays.
    /// </summary>
    public static void Set(V1DeploymentStatus status, V1DeploymentCondition condition, bool refresh = false)
    {
        var current = Find(status, condition.Type);
        if (current is not null && current.Status == condition.Status)
        {
            if (current.Reason == condition.Reason && !refresh)
            {
                return;
            }
            condition.LastTransitionTime = current.LastTransitionTime;
        }
        Remove(status, condition.Type);
        status.Conditions = [.. status.Conditions ?? [], condition];
    }

    public static void Remove(V1DeploymentStatus status, string type)
    {
        if (Find(status, type) is not null)
        {
            V1DeploymentCondition[] others = [.. status.Conditions.Where(c => c.Type != type)];
            status.Conditions = others.Length == 0 ? null : others;
        }
    }
}
