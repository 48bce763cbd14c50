using Petrel.Model.Determinism;

namespace Petrel.Faults;

/// <summary>
/// Draws the faults of a run from its seed, before the run begins. Times come from one random stream. Which kind happens at each time is
/// chosen by weighted rendezvous hashing: every definition draws a score from a stream that follows from its name, and the best score wins.
/// Another definition, or another weight, therefore changes only the faults that change their kind, and leaves all others as they were.
/// </summary>
public static class FaultDrawing
{
    /// <summary>The faults, in the order of their times.</summary>
    /// <param name="settings">Which faults, how often, how long.</param>
    /// <param name="registry">The known kinds.</param>
    /// <param name="nodes">How many nodes the cluster has.</param>
    /// <param name="seed">Decides everything.</param>
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
            // Exponential intervals: bursts and lulls, as independent failures have them.
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

    // Exponentially distributed scores whose rates are the weights: each wins with the share that its weight has of all weights. Every
    // candidate draws for every fault, so that its scores do not depend on who else takes part.
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
