using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Tests.Documentation;

/// <summary>The example of docs/simulation.md. The test beside it holds that the document shows this class.</summary>
public sealed class NoLatestInvariant(ClusterFacts facts) : IInvariant
{
    public string Name => "no latest";

    public string? Observe(IReadOnlyList<DocumentChange> commit) =>
        facts
            .PodChanges.Where(change => change.After is { } pod && pod.Document.ToString().Contains(":latest\"", StringComparison.Ordinal))
            .Select(change => $"pod {change.Latest.ShortKey} has an image with the tag latest")
            .FirstOrDefault();
}
