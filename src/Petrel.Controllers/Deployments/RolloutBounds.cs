using System.Globalization;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>The bounds of a Deployment's rolling update.</summary>
/// <param name="Replicas">The desired number of pods.</param>
/// <param name="MaxSurge">How many more pods may exist.</param>
/// <param name="MaxUnavailable">How many pods may be unavailable; at most all.</param>
public readonly record struct RolloutBounds(int Replicas, int MaxSurge, int MaxUnavailable)
{
    /// <summary>The most pods that may exist.</summary>
    public int MaxTotal => Replicas + MaxSurge;

    /// <summary>The fewest pods that must be available.</summary>
    public int MinAvailable => Replicas - MaxUnavailable;

    /// <summary>
    /// Percentages are rounded up for maxSurge and down for maxUnavailable. If both are zero, one pod may be unavailable.
    /// </summary>
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
