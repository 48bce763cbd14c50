using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>The conditions in a Deployment's status.</summary>
internal static class DeploymentConditions
{
    public static V1DeploymentCondition? Find(V1DeploymentStatus status, string type) =>
        status.Conditions?.FirstOrDefault(c => c.Type == type);

    /// <summary>A condition that came about now. Times in the API have whole seconds.</summary>
    public static V1DeploymentCondition New(string type, string status, string reason, string message, DateTimeOffset now)
    {
        var seconds = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()).UtcDateTime;
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
    /// Sets a condition. One with the same status and reason stays as it is, unless <paramref name="refresh"/>; one with the same status
    /// keeps the time of its transition.
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
            V1DeploymentCondition[] rest = [.. status.Conditions.Where(c => c.Type != type)];
            status.Conditions = rest.Length == 0 ? null : rest;
        }
    }
}
