using System.Globalization;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>How far a Deployment may stray from its replicas while it rolls out.</summary>
/// <param name="Replicas">The pods wanted.</param>
/// <param name="MaxSurge">How many more there may be.</param>
/// <param name="MaxUnavailable">How many may be missing; at most all.</param>
public readonly record struct RolloutBounds(int Replicas, int MaxSurge, int MaxUnavailable)
{
    /// <summary>The most pods there may be.</summary>
    public int MaxTotal => Replicas + MaxSurge;

    /// <summary>The fewest available pods there may be.</summary>
    public int MinAvailable => Replicas - MaxUnavailable;

    /// <summary>A percentage of surge is rounded up, of unavailability down; if both are nothing then, one pod may be missing.</summary>
    public static RolloutBounds Of(V1DeploymentSpec spec)
    {
        var replicas = spec.Replicas ?? 1;
        if (!IsRolling(spec))
        {
            return new(replicas, 0, 0);
        }
        var rolling = spec.Strategy?.RollingUpdate;
        var surge = Resolve(rolling?.MaxSurge, replicas, roundUp: true);
        var unavailable = Resolve(rolling?.MaxUnavailable, replicas, roundUp: false);
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }
        return new(replicas, surge, Math.Min(unavailable, replicas));
    }

    public static bool IsRolling(V1DeploymentSpec spec) => spec.Strategy?.Type is null or "" or "RollingUpdate";

    // The sum with the replicas must not overflow.
    private static int Resolve(IntOrString? value, int replicas, bool roundUp) =>
        Math.Min(int.MaxValue - replicas, IntOrPercent.Resolve(value?.Value ?? "25%", replicas, roundUp));
}
