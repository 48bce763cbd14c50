using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// Finds the best node for a pod: of the nodes that pass every filter of the profile, the one with the highest sum of weighted scores.
/// Among equals it draws once. What is computed for a pod serves the next pods of its signature, with the same outcome as without.
/// </summary>
internal sealed class SchedulingCycle(Profile profile, ClusterState cluster, IEntropy entropy, int percentageOfNodesToScore = 0)
{
    private const int MinFeasibleNodesToFind = 100;
    private const int MinFeasibleNodesPercentage = 5;
    private const int MaxKeptStates = 256;

    private readonly Dictionary<string, CycleState> _states = new(StringComparer.Ordinal);
    private readonly List<NodeResults> _spareResults = [];
    private readonly Diagnosis _diagnosis = new();
    private int[] _feasible = [];
    private long[] _totals = [];
    private long[] _scratch = [];
    private long _uses;
    private int _start;
    private ScoreSheet? _recordedScores;

    public Profile Profile { get; } = profile;

    /// <summary>Records every decision; null to record none.</summary>
    public IDecisionRecorder? Recorder { get; set; }

    /// <summary>Whether what is computed for a pod serves others of its signature. It changes the speed only.</summary>
    public bool KeepsStates { get; init; } = true;

    /// <summary>Finds a node for a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="postFilter">Called instead of the profile's post-filter plugins when no node is feasible.</param>
    public Placement Schedule(PodInfo pod, PostFilter? postFilter = null)
    {
        // The failure of another pod with this signature holds for this one, unless it has a nomination or a post-filter of its own.
        var sharesFailure = postFilter is null && cluster.Nominations.NodeOf(pod.Uid) is null;
        var state = StateFor(pod);
        if (
            sharesFailure
            && state.Failure is { } failure
            && failure.Version == cluster.Version
            && (Recorder is null || failure.Recorded is not null)
        )
        {
            Recorder?.Repeat(pod, failure.Recorded!);
            return failure.Placement;
        }
        Recorder?.Begin(pod, Profile.Name);
        var placement = Find(state, postFilter ?? RunPostFilters);
        var recorded = Recorder?.End(placement);
        state.Failure =
            sharesFailure && placement is { NodeName: null, PostFilter: null or { HoldsForOthers: true } }
                ? (cluster.Version, placement, recorded)
                : null;
        return placement;
    }

    private PostFilterResult? RunPostFilters(CycleState state, Diagnosis diagnosis)
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

    private Placement Find(CycleState state, PostFilter postFilter)
    {
        _diagnosis.Clear();
        _diagnosis.AllNodes = cluster.Nodes.Count;
        if (cluster.Nodes.Count == 0)
        {
            return new(null, _diagnosis.Message(), ClusterEvents.NodeAdded);
        }
        if (state.RefusedEverywhere is var (plugin, status))
        {
            Recorder?.RefusedEverywhere(plugin, status);
            _diagnosis.RefusedEverywhere = status;
            _diagnosis.Plugins.Add(plugin);
            return Infeasible(state, postFilter);
        }
        var feasible = FindFeasible(state);
        Recorder?.Counted(cluster.Nodes.Count, feasible.Length);
        return feasible.Length == 0 ? Infeasible(state, postFilter) : At(feasible.Length == 1 ? feasible[0] : Best(state, feasible));
    }

    private CycleState StateFor(PodInfo pod)
    {
        _uses++;
        if (KeepsStates && _states.TryGetValue(pod.Signature, out var state))
        {
            if (state.TryReuse(pod))
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
            if (_states.Count == MaxKeptStates)
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
        var at = _spareResults.FindIndex(r => r.Slots == slots && r.Raw.Length == raw);
        if (at < 0)
        {
            return new(slots, raw);
        }
        var results = _spareResults[at];
        _spareResults.RemoveAt(at);
        results.Clear();
        return results;
    }

    private void Recycle(CycleState state)
    {
        if (state.Release() is { } results && results.Slots == cluster.Capacity && _spareResults.Count < 16)
        {
            _spareResults.Add(results);
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
        if (IsNominatedNodeFeasible(state))
        {
            return _feasible.AsSpan(0, 1);
        }
        var enough = NodesToFind(candidates.Length);
        var start = named || candidates.Length == 0 ? 0 : _start % candidates.Length;
        var (visited, found) = (0, 0);
        // Each cycle starts where the last one ended, so that all nodes are used when only some are examined for each pod.
        for (; visited < candidates.Length && found < enough; visited++)
        {
            var at = start + visited;
            var node = candidates[at < candidates.Length ? at : at - candidates.Length];
            var status = state.Check(node, out var by);
            if (by is null)
            {
                _feasible[found++] = node;
            }
            else
            {
                _diagnosis.Refusals.Add(new(node, by, status));
                Recorder?.Refused(cluster.At(node), by, status);
            }
        }
        if (!named)
        {
            _start = (start + visited) % candidates.Length;
        }
        return _feasible.AsSpan(0, found);
    }

    // The nominated node is taken when it is feasible: preemption made room there.
    private bool IsNominatedNodeFeasible(CycleState state)
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
        return state.Check(node.Slot, out _).IsSuccess;
    }

    // A pod whose affinity names its nodes, as that of a DaemonSet, is not tried on the others.
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
            _diagnosis.AbsentNodes = Status.Unresolvable(
                $"node(s) didn't satisfy plugin(s) "
                    + $"[{string.Join(' ', state.OnlyNodesBy.Select(p => p.Name).Order(StringComparer.Ordinal))}]"
            );
            _diagnosis.Plugins.UnionWith(state.OnlyNodesBy);
        }
        return named;
    }

    private int NodesToFind(int nodes)
    {
        if (nodes < MinFeasibleNodesToFind || percentageOfNodesToScore >= 100)
        {
            return nodes;
        }
        var percentage = percentageOfNodesToScore > 0 ? percentageOfNodesToScore : Math.Max(MinFeasibleNodesPercentage, 50 - nodes / 125);
        return Math.Max(MinFeasibleNodesToFind, (int)((long)nodes * percentage / 100));
    }

    private int Best(CycleState state, ReadOnlySpan<int> feasible)
    {
        var totals = _totals.AsSpan(0, feasible.Length);
        var sheet = Recorder is null ? null : _recordedScores ??= new();
        sheet?.Clear();
        state.Total(feasible, totals, _scratch.AsSpan(0, feasible.Length), sheet);
        if (Recorder is not null)
        {
            state.Explain(feasible, totals, sheet!, Recorder);
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

    private Placement Infeasible(CycleState state, PostFilter postFilter)
    {
        foreach (var refusal in _diagnosis.Refusals)
        {
            _diagnosis.Plugins.Add(refusal.Plugin);
        }
        var result = postFilter(state, _diagnosis);
        var retryOn = ClusterEvents.None;
        IPlugin[] plugins = [.. _diagnosis.Plugins.OrderBy(p => p.Name, StringComparer.Ordinal)];
        foreach (var plugin in plugins)
        {
            retryOn |= plugin.RetryEvents();
        }
        return new(null, _diagnosis.Message(result?.Message), retryOn) { RefusedBy = plugins, PostFilter = result };
    }
}
