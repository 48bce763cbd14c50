using System.Globalization;
using k8s.Models;

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
        var surge = Resolve(rolling?.MaxSurge, replicas, up: true);
        var unavailable = Resolve(rolling?.MaxUnavailable, replicas, up: false);
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }
        return new(replicas, surge, Math.Min(unavailable, replicas));
    }

    public static bool IsRolling(V1DeploymentSpec spec) => spec.Strategy?.Type is null or "" or "RollingUpdate";

    private static int Resolve(IntOrString? amount, int replicas, bool up)
    {
        var text = amount?.Value ?? "25%";
        var number = text.EndsWith('%') ? ((long)Parse(text[..^1]) * replicas + (up ? 99 : 0)) / 100 : Parse(text);
        return (int)Math.Min(int.MaxValue - replicas, number);
    }

    // Validation lets nothing else through.
    private static int Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
