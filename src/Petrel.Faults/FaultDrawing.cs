using Petrel.Model.Determinism;

namespace Petrel.Faults;

/// <summary>
/// Draws the faults of a run from its seed, before the run begins. The times come from one random stream. The kind of each fault is
/// chosen by weighted rendezvous hashing: every definition draws a score from a stream derived from its name, and the best score wins.
/// A new definition or a changed weight therefore changes only the faults whose kind changes. All other faults stay the same.
/// </summary>
public static class FaultDrawing
{
    /// <summary>Draws the faults, in the order of their times.</summary>
    /// <param name="settings">Which faults are drawn, how often, and how long they last.</param>
    /// <param name="registry">The known kinds of faults.</param>
    /// <param name="nodes">The number of nodes in the cluster.</param>
    /// <param name="seed">The seed of all random choices.</param>
    public static IReadOnlyList<PlannedFault> Draw(FaultSettings settings, FaultRegistry registry, int nodes, ulong seed)
    {
        var weights = settings.Weights ?? [.. registry.All.Select(d => (d, d.Weight))];
        var candidates = weights
            .Where(w => w.Weight > 0 && (nodes > 0 || !w.Fault.NeedsNode))
            .Select(w => new Candidate(w.Fault, w.Weight, EntropyPurposes.Of(seed, $"choice of fault {w.Fault.Name}")))
            .ToArray();
        var faults = new List<PlannedFault>();
        if (candidates.Length == 0)
        {
            return faults;
        }
        var times = EntropyPurposes.Of(seed, "times of faults");
        var at = TimeSpan.Zero;
        for (var number = 0; ; number++)
        {
            // Exponential intervals have bursts and lulls, as independent failures do.
            at += settings.MeanInterval * -Math.Log(1 - times.NextDouble());
            if (at >= settings.Window)
            {
                return faults;
            }
            var definition = Choose(candidates);
            var draw = new FaultDraw(settings, nodes, EntropyPurposes.Of(seed, $"fault {number} {definition.Name}"));
            faults.Add(Clip(definition.DrawAt(FaultDraw.Milliseconds(at), draw), settings.Window));
        }
    }

    // The scores are exponentially distributed with the weights as rates: each candidate wins with its share of the total weight. Every
    // candidate draws for every fault, so that its scores do not depend on the other candidates.
    private static FaultDefinition Choose(Candidate[] candidates)
    {
        var (best, lowest) = (candidates[0].Definition, double.PositiveInfinity);
        foreach (var (definition, weight, scores) in candidates)
        {
            var score = -Math.Log(1 - scores.NextDouble()) / weight;
            if (score < lowest)
            {
                (best, lowest) = (definition, score);
            }
        }
        return best;
    }

    private static PlannedFault Clip(PlannedFault fault, TimeSpan window) =>
        fault.End <= window ? fault : fault with { Duration = FaultDraw.Milliseconds(window - fault.At) };

    private sealed record Candidate(FaultDefinition Definition, int Weight, SeededEntropy Scores);
}
