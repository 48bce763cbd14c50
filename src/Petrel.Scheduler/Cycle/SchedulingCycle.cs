using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// Finds the best node for a pod: the nodes that pass every filter of the profile, then the highest sum of weighted scores; among equals
/// the seed decides, by one draw for each pod that has equals. What is worked out for a pod serves the next ones of its signature, with the
/// same outcome as if it weren't kept.
/// </summary>
internal sealed class SchedulingCycle(Profile profile, ClusterState cluster, IEntropy entropy, int percentageOfNodesToScore = 0)
{
    private const int FewestToFind = 100;
    private const int LeastPercentage = 5;
    private const int KeptStates = 256;

    private readonly Dictionary<string, CycleState> _states = new(StringComparer.Ordinal);
    private readonly List<NodeResults> _unused = [];
    private readonly Diagnosis _diagnosis = new();
    private int[] _feasible = [];
    private long[] _totals = [];
    private long[] _scratch = [];
    private long _uses;
    private int _start;
    private Func<CycleState, Diagnosis, PostFilterResult?>? _otherwise;
    private ScoreSheet? _sheet;

    public Profile Profile { get; } = profile;

    /// <summary>Is told of every decision; null costs nothing.</summary>
    public IDecisionRecorder? Recorder { get; set; }

    /// <summary>
    /// Whether what is worked out for a pod may serve others of its signature; without it nothing is kept, and nothing else changes.
    /// </summary>
    public bool KeepsStates { get; init; } = true;

    /// <param name="pod">The pod.</param>
    /// <param name="otherwise">Is asked instead of the profile's plugins when the pod fits nowhere.</param>
    public Placement Schedule(PodInfo pod, Func<CycleState, Diagnosis, PostFilterResult?>? otherwise = null)
    {
        // What was answered to another pod holds for one that has nothing of its own: a node that it waits for, or somebody else to ask.
        var isLikeOthers = otherwise is null && cluster.Nominations.NodeOf(pod.Uid) is null;
        var state = StateFor(pod);
        if (
            isLikeOthers
            && state.Failure is { } failure
            && failure.Version == cluster.Version
            && (Recorder is null || failure.Recorded is not null)
        )
        {
            Recorder?.Repeat(pod, failure.Recorded!);
            return failure.Placement;
        }
        _otherwise = otherwise ?? AskPostFilters;
        Recorder?.Begin(pod, Profile.Name);
        var placement = Find(state);
        var recorded = Recorder?.End(placement);
        state.Failure =
            isLikeOthers && placement is { NodeName: null, PostFilter: null or { HoldsForOthers: true } }
                ? (cluster.Version, placement, recorded)
                : null;
        return placement;
    }

    private PostFilterResult? AskPostFilters(CycleState state, Diagnosis diagnosis)
    {
        foreach (var plugin in Profile.PostFilter)
        {
            if (plugin.PostFilter(state, diagnosis) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    private Placement Find(CycleState state)
    {
        _diagnosis.Clear();
        _diagnosis.AllNodes = cluster.Nodes.Count;
        if (cluster.Nodes.Count == 0)
        {
            return new(null, _diagnosis.Message(), ClusterEvents.NodeAdded);
        }
        if (state.RefusedEverywhere is var (plugin, verdict))
        {
            Recorder?.RefusedEverywhere(plugin, verdict);
            _diagnosis.RefusedEverywhere = verdict;
            _diagnosis.Plugins.Add(plugin);
            return Nowhere(state);
        }
        var feasible = FindFeasible(state);
        Recorder?.Counted(cluster.Nodes.Count, feasible.Length);
        return feasible.Length == 0 ? Nowhere(state) : At(feasible.Length == 1 ? feasible[0] : Best(state, feasible));
    }

    private CycleState StateFor(PodInfo pod)
    {
        _uses++;
        if (KeepsStates && _states.TryGetValue(pod.Signature, out var state))
        {
            if (state.TryServe(pod))
            {
                state.Keep(MakeResults);
                state.LastUsed = _uses;
                return state;
            }
            Recycle(state);
            _states.Remove(pod.Signature);
        }
        state = new CycleState(Profile, pod, cluster) { LastUsed = _uses };
        if (KeepsStates && !state.IsVolatile)
        {
            if (_states.Count == KeptStates)
            {
                var oldest = _states.MinBy(s => s.Value.LastUsed);
                Recycle(oldest.Value);
                _states.Remove(oldest.Key);
            }
            _states[pod.Signature] = state;
        }
        return state;
    }

    private NodeResults MakeResults(int slots, int raw)
    {
        var at = _unused.FindIndex(r => r.Slots == slots && r.Raw.Length == raw);
        if (at < 0)
        {
            return new(slots, raw);
        }
        var results = _unused[at];
        _unused.RemoveAt(at);
        results.Clear();
        return results;
    }

    private void Recycle(CycleState state)
    {
        if (state.Release() is { } results && results.Slots == cluster.Capacity && _unused.Count < 16)
        {
            _unused.Add(results);
        }
    }

    private ReadOnlySpan<int> FindFeasible(CycleState state)
    {
        var named = state.OnlyNodes is not null;
        var candidates = named ? Named(state) : cluster.Order;
        if (_feasible.Length < candidates.Length)
        {
            (_feasible, _totals, _scratch) = (new int[candidates.Length], new long[candidates.Length], new long[candidates.Length]);
        }
        if (NominatedFeasible(state))
        {
            return _feasible.AsSpan(0, 1);
        }
        var enough = EnoughOf(candidates.Length);
        var start = named || candidates.Length == 0 ? 0 : _start % candidates.Length;
        var (visited, found) = (0, 0);
        // Each cycle begins where the last one ended, so that every node gets its turn when not all are looked at.
        for (; visited < candidates.Length && found < enough; visited++)
        {
            var at = start + visited;
            var node = candidates[at < candidates.Length ? at : at - candidates.Length];
            var verdict = state.Check(node, out var by);
            if (by is null)
            {
                _feasible[found++] = node;
            }
            else
            {
                _diagnosis.Refusals.Add(new(node, by, verdict));
                Recorder?.Refused(cluster.At(node), by, verdict);
            }
        }
        if (!named)
        {
            _start = (start + visited) % candidates.Length;
        }
        return _feasible.AsSpan(0, found);
    }

    // The place that was made for the pod is as good as any, if it is there now.
    private bool NominatedFeasible(CycleState state)
    {
        if (
            cluster.Nominations.Count == 0
            || cluster.Nominations.NodeOf(state.Pod.Uid) is not { } name
            || cluster.Node(name) is not { } node
            || state.OnlyNodes?.Contains(name) == false
        )
        {
            return false;
        }
        _feasible[0] = node.Slot;
        return state.Check(node.Slot, out _).Passes;
    }

    // A pod that names its nodes (a daemon's) isn't tried on all the others.
    private int[] Named(CycleState state)
    {
        var named = state
            .OnlyNodes!.Select(cluster.Node)
            .OfType<NodeInfo>()
            .OrderBy(n => n.Name, StringComparer.Ordinal)
            .Select(n => n.Slot)
            .ToArray();
        if (named.Length < cluster.Nodes.Count)
        {
            _diagnosis.AbsentNodes = Verdict.Unresolvable(
                $"node(s) didn't satisfy plugin(s) "
                    + $"[{string.Join(' ', state.OnlyNodesBy.Select(p => p.Name).Order(StringComparer.Ordinal))}]"
            );
            _diagnosis.Plugins.UnionWith(state.OnlyNodesBy);
        }
        return named;
    }

    private int EnoughOf(int nodes)
    {
        if (nodes < FewestToFind || percentageOfNodesToScore >= 100)
        {
            return nodes;
        }
        var percentage = percentageOfNodesToScore > 0 ? percentageOfNodesToScore : Math.Max(LeastPercentage, 50 - nodes / 125);
        return Math.Max(FewestToFind, (int)((long)nodes * percentage / 100));
    }

    private int Best(CycleState state, ReadOnlySpan<int> feasible)
    {
        var totals = _totals.AsSpan(0, feasible.Length);
        _sheet = Recorder is null ? null : _sheet ?? new();
        _sheet?.Clear();
        state.Total(feasible, totals, _scratch.AsSpan(0, feasible.Length), _sheet);
        if (Recorder is not null)
        {
            state.Explain(feasible, totals, _sheet!, Recorder);
        }
        var (best, equals) = (long.MinValue, 0);
        foreach (var total in totals)
        {
            if (total > best)
            {
                (best, equals) = (total, 0);
            }
            equals += total == best ? 1 : 0;
        }
        var chosen = equals == 1 ? 0 : entropy.Next(equals);
        for (var i = 0; ; i++)
        {
            if (totals[i] == best && chosen-- == 0)
            {
                return feasible[i];
            }
        }
    }

    private Placement At(int node) => new(cluster.At(node).Name) { Node = node };

    private Placement Nowhere(CycleState state)
    {
        foreach (var refusal in _diagnosis.Refusals)
        {
            _diagnosis.Plugins.Add(refusal.Plugin);
        }
        var result = _otherwise!(state, _diagnosis);
        var retryOn = ClusterEvents.None;
        IPlugin[] plugins = [.. _diagnosis.Plugins.OrderBy(p => p.Name, StringComparer.Ordinal)];
        foreach (var plugin in plugins)
        {
            retryOn |= plugin is IRetryHints hints ? hints.RetryOn : ClusterEvents.Any;
        }
        return new(null, _diagnosis.Message(result?.Message), retryOn) { RefusedBy = plugins, PostFilter = result };
    }
}
