using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Shrinking;

/// <summary>
/// Makes a failing plan smaller while it fails by the same rule: fewer faults, fewer operations, fewer nodes and replicas, shorter and
/// weaker faults. What remains is necessary for the failure.
/// </summary>
/// <param name="run">Runs a plan and returns the first violation, or null.</param>
/// <param name="time">Measures the budget.</param>
/// <param name="settings">How long to try.</param>
/// <param name="progress">Gets each smaller plan, and the state of the search.</param>
public sealed class PlanShrinker(
    Func<RunPlan, Finding?> run,
    TimeProvider time,
    ShrinkSettings settings,
    Action<ShrinkProgress>? progress = null
)
{
    private readonly long _start = time.GetTimestamp();
    private readonly HashSet<string> _tried = new(StringComparer.Ordinal);
    private RunPlan _best = null!;
    private string _rule = "";
    private int _runs;

    /// <summary>
    /// Returns the smallest plan found, with its finding. The given plan should fail: it is run once, and returned unchanged when it
    /// passes.
    /// </summary>
    public RunPlan Shrink(RunPlan plan)
    {
        if (Run(plan) is not { } finding)
        {
            return plan;
        }
        _rule = finding.Rule;
        _best = plan with { Finding = PlannedFinding.Of(finding) };
        // Later faults and operations can't have caused the finding, unless the finding is that something did not happen.
        Try(
            _best with
            {
                Operations = [.. _best.Operations.Where(o => o.At <= finding.At)],
                Faults = [.. _best.Faults.Where(f => f.At <= finding.At)],
            }
        );
        string before;
        do
        {
            before = PlanFile.Write(_best with { Finding = null });
            DeltaDebugging.Minimise(_best.Faults, faults => Try(_best with { Faults = faults }), IsEnough);
            DeltaDebugging.Minimise(_best.Operations, operations => Try(_best with { Operations = operations }), IsEnough);
            Simplify();
        } while (!IsEnough() && PlanFile.Write(_best with { Finding = null }) != before);
        return _best;
    }

    // Each simpler plan is tried on top of those that worked before it.
    private void Simplify()
    {
        bool worked;
        do
        {
            worked = false;
            foreach (var simpler in PlanSimplifications.Of(_best))
            {
                if (IsEnough())
                {
                    return;
                }
                if (Try(simpler))
                {
                    worked = true;
                    break;
                }
            }
        } while (worked);
    }

    private bool Try(RunPlan plan)
    {
        // A plan that was tried before has the same result now. Its finding is not part of its identity.
        if (IsEnough() || !_tried.Add(PlanFile.Write(plan with { Finding = null })))
        {
            return false;
        }
        var finding = Run(plan);
        var fails = finding?.Rule == _rule;
        if (fails)
        {
            _best = plan with { Finding = PlannedFinding.Of(finding!) };
        }
        progress?.Invoke(new(_best, _runs, time.GetElapsedTime(_start), fails));
        return fails;
    }

    private Finding? Run(RunPlan plan)
    {
        _runs++;
        return run(plan);
    }

    private bool IsEnough() =>
        _runs >= settings.MaxRuns || time.GetElapsedTime(_start) >= settings.Budget || settings.Cancelled.IsCancellationRequested;
}

/// <summary>How long to shrink.</summary>
public sealed record ShrinkSettings
{
    public TimeSpan Budget { get; init; } = TimeSpan.FromMinutes(1);

    public int MaxRuns { get; init; } = int.MaxValue;

    /// <summary>Ends the search with the smallest plan found so far.</summary>
    public CancellationToken Cancelled { get; init; }
}

/// <summary>The state of the search.</summary>
/// <param name="Best">The smallest failing plan so far.</param>
/// <param name="Runs">Plans that were run.</param>
/// <param name="Elapsed">Since it began.</param>
/// <param name="Smaller">Whether the last attempt made it smaller.</param>
public sealed record ShrinkProgress(RunPlan Best, int Runs, TimeSpan Elapsed, bool Smaller)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"shrinking: {Best.Faults.Count} faults, {Best.Operations.Count} operations, {Best.World.Nodes} nodes after {Runs} "
        + $"runs in {Elapsed.TotalSeconds:0} s";
}
