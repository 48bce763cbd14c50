namespace Petrel.Simulation.Invariants;

/// <summary>
/// A name runs once: no two pods of one name have running containers at the same time, on one node or on two. That is what a
/// StatefulSet promises its members, and what makes names of pods worth anything.
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
