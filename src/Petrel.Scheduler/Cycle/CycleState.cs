using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// Everything that is computed for a pod before nodes are examined (upstream: CycleState), and the results for nodes so far. It serves
/// every pod of the same signature: before each use it is brought up to date by the pods that moved since. For dry runs of preemption see
/// <see cref="WhatIf"/>.
/// </summary>
internal sealed class CycleState
{
    private readonly (int Index, INodeFilter Filter)[] _localFilters;
    private readonly (int Index, INodeFilter Filter)[] _clusterFilters;
    private readonly IPodObserver[] _observers;
    private readonly Score[] _scores;
    private readonly Score[] _sums;
    private readonly Score[] _normalized;
    private readonly long _topologyVersion;
    private readonly long? _taintsVersion;
    private Dictionary<Type, object>? _data;
    private long _imagesVersion;
    private NodeResults? _results;
    private long _position;

    public CycleState(Profile profile, PodInfo pod, ClusterState cluster)
    {
        (Profile, Pod, Cluster) = (profile, pod, cluster);
        (_position, _topologyVersion, _imagesVersion) = (cluster.Journal.End, cluster.TopologyVersion, cluster.ImagesVersion);
        var filters = new List<(int Index, INodeFilter Filter)>();
        for (var i = 0; i < profile.Filters.Length && RefusedEverywhere is null; i++)
        {
            var plan = profile.Filters[i].For(pod, cluster);
            IsVolatile |= plan.IsVolatile;
            if (plan.Refusal is { } refusal)
            {
                RefusedEverywhere = (profile.Filters[i], refusal);
            }
            if (plan.OnlyNodes is { } names)
            {
                OnlyNodes = OnlyNodes is null ? names : names.Intersect(OnlyNodes).ToHashSet(StringComparer.Ordinal);
                OnlyNodesBy.Add(profile.Filters[i]);
            }
            if (plan.Filter is { } filter)
            {
                filters.Add((i, filter));
            }
        }
        if (RefusedEverywhere is null && OnlyNodes is { Count: 0 })
        {
            var names = OnlyNodesBy.Select(p => p.Name).Order(StringComparer.Ordinal).ToArray();
            RefusedEverywhere = (
                OnlyNodesBy[0],
                Status.Unresolvable(
                    names.Length == 1
                        ? $"node(s) didn't satisfy plugin {names[0]}"
                        : $"node(s) didn't satisfy plugin(s) [{string.Join(' ', names)}] simultaneously"
                )
            );
        }
        _localFilters = [.. filters.Where(f => f.Filter.Reach == Reach.Node)];
        _clusterFilters = [.. filters.Where(f => f.Filter.Reach != Reach.Node)];
        _scores = RefusedEverywhere is not null
            ? []
            :
            [
                .. profile
                    .Scores.Select(s => (s.Plugin, Node: s.Plugin.For(pod, cluster), s.Weight))
                    .Where(s => s.Node is not null)
                    .Select(s => new Score(s.Plugin, s.Node!, s.Weight)),
            ];
        _sums = [.. _scores.Where(s => s.Node is { Normalizes: false, Reach: Reach.Node })];
        _normalized = [.. _scores.Except(_sums)];
        foreach (var (score, i) in _normalized.Where(s => s.Node.Reach == Reach.Node).Select((s, i) => (s, i)))
        {
            score.Raw = i;
        }
        _observers = [.. filters.Select(f => f.Filter).OfType<IPodObserver>(), .. _scores.Select(s => s.Node).OfType<IPodObserver>()];
        _taintsVersion = _observers.Any(f => f.DependsOnTaints) ? cluster.TaintsVersion : null;
        // A filter or score that looks at other nodes, but does not observe pods, is computed anew each time.
        IsVolatile |=
            _clusterFilters.Any(w => w.Filter is not IPodObserver)
            || _normalized.Any(s => s.Node.Reach != Reach.Node && s.Node is not IPodObserver);
    }

    public Profile Profile { get; }

    /// <summary>The pod that is being scheduled.</summary>
    public PodInfo Pod { get; private set; }

    public ClusterState Cluster { get; }

    /// <summary>Whether it must not serve another pod.</summary>
    public bool IsVolatile { get; }

    public (IFilterPlugin Plugin, Status Status)? RefusedEverywhere { get; }

    /// <summary>The names of the only nodes that can pass; null when any node may.</summary>
    public IReadOnlySet<string>? OnlyNodes { get; }

    public List<IFilterPlugin> OnlyNodesBy { get; } = [];

    /// <summary>When it was last used, in uses of the cycle; 0 at first.</summary>
    public long LastUsed { get; set; }

    /// <summary>
    /// The version of the cluster at which no node was feasible, with the placement and the recorded decision. While the version stays,
    /// the next pod need not be tried.
    /// </summary>
    public (long Version, Placement Placement, Decision? Recorded)? Failure { get; set; }

    /// <summary>
    /// What a plugin keeps about single nodes for pods of this signature, one object of each type (upstream: Read and Write). Null where
    /// filters also look at other nodes: what is known about one node then holds for no other pod.
    /// </summary>
    public T? Data<T>()
        where T : class, new()
    {
        if (_clusterFilters.Length > 0 || IsVolatile)
        {
            return null;
        }
        _data ??= [];
        if (!_data.TryGetValue(typeof(T), out var data))
        {
            _data[typeof(T)] = data = new T();
        }
        return (T)data;
    }

    /// <summary>Brings it up to date for another pod of the same signature. False when a new one must be made.</summary>
    public bool TryReuse(PodInfo pod)
    {
        if (IsVolatile || _topologyVersion != Cluster.TopologyVersion || (_taintsVersion ?? Cluster.TaintsVersion) != Cluster.TaintsVersion)
        {
            return false;
        }
        if (_imagesVersion != Cluster.ImagesVersion)
        {
            // The score of an image depends on the number of nodes that have it.
            _imagesVersion = Cluster.ImagesVersion;
            _results?.Clear();
        }
        if (_observers.Length > 0)
        {
            if (!Cluster.Journal.TryReadFrom(_position, out var moves))
            {
                return false;
            }
            foreach (var move in moves)
            {
                NotifyObservers(move.Pod, move.Node, move.Added);
            }
        }
        _position = Cluster.Journal.End;
        Pod = pod;
        return true;
    }

    /// <summary>Lets it keep results for nodes. That pays from the second pod on.</summary>
    public void Keep(Func<int, int, NodeResults> make)
    {
        if (_results is null || _results.Slots < Cluster.Capacity)
        {
            _results = OnlyNodes is null && !IsVolatile ? make(Cluster.Capacity, _normalized.Count(s => s.Raw >= 0)) : null;
        }
    }

    /// <summary>Takes the results away, so that another state can use their arrays.</summary>
    public NodeResults? Release()
    {
        var results = _results;
        _results = null;
        return results;
    }

    /// <summary>
    /// Whether the node passes all filters; otherwise the first filter that refused it, in their order, and why. Pods nominated to the
    /// node count as if they were on it.
    /// </summary>
    public Status Check(int node, out IFilterPlugin? by)
    {
        if (Cluster.Nominations.Count > 0)
        {
            return CheckWithNominatedPods(node, out by);
        }
        return CheckWithResults(node, out by);
    }

    /// <summary>Asks every filter about the node as the columns have it now, without kept results. For <see cref="WhatIf"/>.</summary>
    public Status CheckWithoutResults(int node, out IFilterPlugin? by)
    {
        var refusedBy = RunLocalFilters(node, out var status);
        return RunClusterFilters(node, refusedBy, status, out by);
    }

    /// <summary>Opens a dry run on the node, in which pods can be added and removed. Dispose it before anything else is asked.</summary>
    public WhatIf WhatIf(int node) => new(this, node);

    /// <summary>Tells the filters and scores that count pods that a pod was added to the node or removed from it.</summary>
    public void NotifyObservers(PodInfo pod, int node, bool added)
    {
        foreach (var follower in _observers)
        {
            if (added)
            {
                follower.Add(pod, node);
            }
            else
            {
                follower.Remove(pod, node);
            }
        }
    }

    /// <summary>
    /// The total score of each feasible node. Scores that depend on all feasible nodes are kept on the sheet, if there is one.
    /// </summary>
    public void Total(ReadOnlySpan<int> nodes, Span<long> totals, Span<long> scratch, ScoreSheet? sheet)
    {
        totals.Clear();
        if (_results is not null)
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                // The results of a node that was checked with nominated pods may be outdated.
                Refresh(nodes[i]);
                totals[i] = _results.Sums[nodes[i]];
            }
        }
        else
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                totals[i] = Sum(nodes[i]);
            }
        }
        foreach (var score in _normalized)
        {
            if (score.Raw >= 0 && _results is not null)
            {
                var raw = _results.Raw[score.Raw];
                for (var i = 0; i < nodes.Length; i++)
                {
                    Refresh(nodes[i]);
                    scratch[i] = raw[nodes[i]];
                }
            }
            else
            {
                Fill(score, nodes, scratch);
            }
            sheet?.KeepRaw(scratch[..nodes.Length]);
            score.Node.Normalize(nodes, scratch);
            sheet?.KeepScores(scratch[..nodes.Length]);
            for (var i = 0; i < nodes.Length; i++)
            {
                totals[i] += score.Weight * scratch[i];
            }
        }
    }

    /// <summary>Reports the score of each plugin for the best nodes.</summary>
    public void Explain(ReadOnlySpan<int> nodes, ReadOnlySpan<long> totals, ScoreSheet sheet, IDecisionRecorder recorder)
    {
        foreach (var i in sheet.Best(totals, recorder.ScoredNodes))
        {
            var node = Cluster.At(nodes[i]);
            foreach (var score in _scores)
            {
                var row = Array.IndexOf(_normalized, score);
                var raw = row < 0 ? score.Node.Of(nodes[i]) : sheet.Raw(row)[i];
                recorder.Scored(node, score.Plugin, raw, row < 0 ? raw : sheet.Scores(row)[i], score.Weight);
            }
        }
    }

    private static void Fill(Score score, ReadOnlySpan<int> nodes, Span<long> scores)
    {
        if (score.Node.Reach != Reach.Node)
        {
            score.Node.Prepare(nodes);
        }
        for (var i = 0; i < nodes.Length; i++)
        {
            scores[i] = score.Node.Of(nodes[i]);
        }
    }

    private Status CheckWithResults(int node, out IFilterPlugin? by)
    {
        if (_results is null)
        {
            return CheckWithoutResults(node, out by);
        }
        Refresh(node);
        var refusedBy = _results.RefusedBy[node];
        if (_clusterFilters.Length == 0)
        {
            by = refusedBy < 0 ? null : Profile.Filters[refusedBy];
            return refusedBy < 0 ? Status.Success : _results.Statuses[node];
        }
        return RunClusterFilters(node, refusedBy, _results.Statuses[node], out by);
    }

    // Twice, as upstream. The pod must fit beside the nominated pods of the same or a higher priority. As these may never come, it must
    // also fit without them: it may have affinity to them.
    private Status CheckWithNominatedPods(int node, out IFilterPlugin? by)
    {
        var nominated = Cluster
            .Nominations.On(Cluster.At(node).Name)
            .Where(p => p.Priority >= Pod.Priority && p.Uid != Pod.Uid && Cluster.Find(p.Uid) is null)
            .ToArray();
        if (nominated.Length > 0)
        {
            using var whatIf = WhatIf(node);
            foreach (var pod in nominated)
            {
                whatIf.Add(pod);
            }
            var status = whatIf.Check(out by);
            if (!status.IsSuccess)
            {
                return status;
            }
        }
        return CheckWithResults(node, out by);
    }

    private void Refresh(int node)
    {
        var results = _results!;
        var generation = Cluster.Generations[node];
        if (results.Generation[node] == generation)
        {
            return;
        }
        results.RefusedBy[node] = (short)RunLocalFilters(node, out results.Statuses[node]);
        if (results.RefusedBy[node] < 0)
        {
            results.Sums[node] = Sum(node);
            foreach (var score in _normalized)
            {
                if (score.Raw >= 0)
                {
                    results.Raw[score.Raw][node] = score.Node.Of(node);
                }
            }
        }
        results.Generation[node] = generation;
    }

    private long Sum(int node)
    {
        long sum = 0;
        foreach (var score in _sums)
        {
            sum += score.Weight * score.Node.Of(node);
        }
        return sum;
    }

    private int RunLocalFilters(int node, out Status status)
    {
        foreach (var (index, filter) in _localFilters)
        {
            status = filter.Check(node);
            if (!status.IsSuccess)
            {
                return index;
            }
        }
        status = Status.Success;
        return -1;
    }

    // The first filter in the profile's order gives the reason, whichever was asked first.
    private Status RunClusterFilters(int node, int refusedBy, Status status, out IFilterPlugin? by)
    {
        foreach (var (index, filter) in _clusterFilters)
        {
            if (refusedBy >= 0 && index > refusedBy)
            {
                break;
            }
            var checkedStatus = filter.Check(node);
            if (!checkedStatus.IsSuccess)
            {
                (refusedBy, status) = (index, checkedStatus);
                break;
            }
        }
        by = refusedBy < 0 ? null : Profile.Filters[refusedBy];
        return refusedBy < 0 ? Status.Success : status;
    }

    private sealed class Score(IScorePlugin plugin, INodeScore node, int weight)
    {
        public IScorePlugin Plugin { get; } = plugin;
        public INodeScore Node { get; } = node;
        public int Weight { get; } = weight;

        /// <summary>The row in which its raw scores are kept; -1 when they are not.</summary>
        public int Raw { get; set; } = -1;
    }
}
