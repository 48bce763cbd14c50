namespace Petrel.Simulation.Invariants;

/// <summary>
/// No two pods of one name have running containers at the same time, on one node or on two. A StatefulSet guarantees this for its
/// pods.
/// </summary>
public sealed class IdentityRule : IRunRule
{
    /// <inheritdoc/>
    public string Name => "identity";

    /// <inheritdoc/>
    public string? Started(RunningPod pod, IEnumerable<RunningPod> others) =>
        others.FirstOrDefault(o => o.Namespace == pod.Namespace && o.Name == pod.Name && o.Uid != pod.Uid) is { } twin
            ? $"{pod.Namespace}/{pod.Name} runs twice: as {pod.Uid} on {pod.Node} and as {twin.Uid} on {twin.Node}"
            : null;
}
