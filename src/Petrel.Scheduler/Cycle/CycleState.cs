using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Preemption;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// All that is worked out for a pod before nodes are looked at (upstream: CycleState), and what was found about nodes. It serves every pod
/// of the same signature: between two of them it is brought up to date by the pods that moved meanwhile. Preemption asks it what would be
/// if pods weren't there: see <see cref="WhatIf"/>.
/// </summary>
internal sealed class CycleState
{
    private readonly (int Index, INodeFilter Filter)[] _local;
    private readonly (int Index, INodeFilter Filter)[] _wide;
    private readonly IFollowsPods[] _followers;
    private readonly Score[] _scores;
    private readonly Score[] _sums;
    private readonly Score[] _normalized;
    private readonly long _topologyVersion;
    private readonly long? _taintsVersion;
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
                Verdict.Unresolvable(
                    names.Length == 1
                        ? $"node(s) didn't satisfy plugin {names[0]}"
                        : $"node(s) didn't satisfy plugin(s) [{string.Join(' ', names)}] simultaneously"
                )
            );
        }
        _local = [.. filters.Where(f => f.Filter.Reach == Reach.Node)];
        _wide = [.. filters.Where(f => f.Filter.Reach != Reach.Node)];
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
        _followers = [.. filters.Select(f => f.Filter).OfType<IFollowsPods>(), .. _scores.Select(s => s.Node).OfType<IFollowsPods>()];
        _taintsVersion = _followers.Any(f => f.DependsOnTaints) ? cluster.TaintsVersion : null;
        // What reaches over the cluster without following its pods has to be worked out anew each time.
        IsVolatile |=
            _wide.Any(w => w.Filter is not IFollowsPods) || _normalized.Any(s => s.Node.Reach != Reach.Node && s.Node is not IFollowsPods);
    }

    public Profile Profile { get; }

    /// <summary>The pod that is being scheduled.</summary>
    public PodInfo Pod { get; private set; }

    public ClusterState Cluster { get; }

    /// <summary>It must not serve another pod.</summary>
    public bool IsVolatile { get; }

    public (IFilterPlugin Plugin, Verdict Verdict)? RefusedEverywhere { get; }

    /// <summary>The names of the only nodes that can pass; null when any may.</summary>
    public IReadOnlySet<string>? OnlyNodes { get; }

    public List<IFilterPlugin> OnlyNodesBy { get; } = [];

    /// <summary>When it was last used, as its keeper counts; 0 at first.</summary>
    public long LastUsed { get; set; }

    /// <summary>
    /// The cluster's version at which no node was found, and what was answered and recorded; while nothing changes, the next pod needn't be
    /// tried.
    /// </summary>
    public (long Version, Placement Placement, Decision? Recorded)? Failure { get; set; }

    /// <summary>
    /// What preemption found out about nodes for pods of this signature; kept only where no filter looks beyond the node.
    /// </summary>
    public TrialResults? Trials => _wide.Length > 0 || IsVolatile ? null : field ??= new();

    /// <summary>Lets it serve another pod of the same signature, as of now; false when a new one has to be made.</summary>
    public bool TryServe(PodInfo pod)
    {
        if (IsVolatile || _topologyVersion != Cluster.TopologyVersion || (_taintsVersion ?? Cluster.TaintsVersion) != Cluster.TaintsVersion)
        {
            return false;
        }
        if (_imagesVersion != Cluster.ImagesVersion)
        {
            // How much a node's image counts depends on how many have it.
            _imagesVersion = Cluster.ImagesVersion;
            _results?.Clear();
        }
        if (_followers.Length > 0)
        {
            if (!Cluster.Journal.TryReadFrom(_position, out var moves))
            {
                return false;
            }
            foreach (var move in moves)
            {
                Tell(move.Pod, move.Node, move.Came);
            }
        }
        _position = Cluster.Journal.End;
        Pod = pod;
        return true;
    }

    /// <summary>Gives it room to keep what it finds about nodes; worth it from the second pod on.</summary>
    public void Keep(Func<int, int, NodeResults> make)
    {
        if (_results is null || _results.Slots < Cluster.Capacity)
        {
            _results = OnlyNodes is null && !IsVolatile ? make(Cluster.Capacity, _normalized.Count(s => s.Raw >= 0)) : null;
        }
    }

    /// <summary>Takes that room back.</summary>
    public NodeResults? Release()
    {
        var results = _results;
        _results = null;
        return results;
    }

    /// <summary>
    /// Whether the node passes every filter; else which refused it, in their order, and why. Pods nominated to the node count as if they
    /// were there.
    /// </summary>
    public Verdict Check(int node, out IFilterPlugin? by)
    {
        if (Cluster.Nominations.Count > 0)
        {
            return CheckWithNominated(node, out by);
        }
        return CheckKept(node, out by);
    }

    /// <summary>Asks every filter anew, about the node as it is in the columns; for <see cref="WhatIf"/>.</summary>
    public Verdict CheckAfresh(int node, out IFilterPlugin? by)
    {
        var refusedBy = AskLocal(node, out var verdict);
        return AskWide(node, refusedBy, verdict, out by);
    }

    /// <summary>Opens a view of the node in which pods can be taken away and added. Close it before anything else is asked.</summary>
    public WhatIf WhatIf(int node) => new(this, node);

    /// <summary>Tells what follows pods that one is on the node, or isn't any more.</summary>
    public void Tell(PodInfo pod, int node, bool came)
    {
        foreach (var follower in _followers)
        {
            if (came)
            {
                follower.Add(pod, node);
            }
            else
            {
                follower.Remove(pod, node);
            }
        }
    }

    /// <summary>The total score of each feasible node. What only all of them together tell is kept on the sheet, if there is one.</summary>
    public void Total(ReadOnlySpan<int> nodes, Span<long> totals, Span<long> scratch, ScoreSheet? sheet)
    {
        totals.Clear();
        if (_results is not null)
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                // A node that was checked with nominated pods wasn't looked up.
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

    /// <summary>Tells plugin by plugin how the best nodes came to their totals.</summary>
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

    private Verdict CheckKept(int node, out IFilterPlugin? by)
    {
        if (_results is null)
        {
            return CheckAfresh(node, out by);
        }
        Refresh(node);
        var refusedBy = _results.RefusedBy[node];
        if (_wide.Length == 0)
        {
            by = refusedBy < 0 ? null : Profile.Filters[refusedBy];
            return refusedBy < 0 ? Verdict.Pass : _results.Verdicts[node];
        }
        return AskWide(node, refusedBy, _results.Verdicts[node], out by);
    }

    // Twice, as upstream: the pod must fit with those nominated pods that go before it, and, as they may never come, without them (it may
    // want their company).
    private Verdict CheckWithNominated(int node, out IFilterPlugin? by)
    {
        var before = Cluster
            .Nominations.On(Cluster.At(node).Name)
            .Where(p => p.Priority >= Pod.Priority && p.Uid != Pod.Uid && Cluster.Find(p.Uid) is null)
            .ToArray();
        if (before.Length > 0)
        {
            using var whatIf = WhatIf(node);
            foreach (var pod in before)
            {
                whatIf.Add(pod);
            }
            var verdict = whatIf.Check(out by);
            if (!verdict.Passes)
            {
                return verdict;
            }
        }
        return CheckKept(node, out by);
    }

    private void Refresh(int node)
    {
        var results = _results!;
        var generation = Cluster.Generations[node];
        if (results.Generation[node] == generation)
        {
            return;
        }
        results.RefusedBy[node] = (short)AskLocal(node, out results.Verdicts[node]);
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

    private int AskLocal(int node, out Verdict verdict)
    {
        foreach (var (index, filter) in _local)
        {
            verdict = filter.Check(node);
            if (!verdict.Passes)
            {
                return index;
            }
        }
        verdict = Verdict.Pass;
        return -1;
    }

    // The first in the filters' order refuses, whichever was asked first.
    private Verdict AskWide(int node, int refusedBy, Verdict verdict, out IFilterPlugin? by)
    {
        foreach (var (index, filter) in _wide)
        {
            if (refusedBy >= 0 && index > refusedBy)
            {
                break;
            }
            var wide = filter.Check(node);
            if (!wide.Passes)
            {
                (refusedBy, verdict) = (index, wide);
                break;
            }
        }
        by = refusedBy < 0 ? null : Profile.Filters[refusedBy];
        return refusedBy < 0 ? Verdict.Pass : verdict;
    }

    private sealed class Score(IScorePlugin plugin, INodeScore node, int weight)
    {
        public IScorePlugin Plugin { get; } = plugin;
        public INodeScore Node { get; } = node;
        public int Weight { get; } = weight;

        /// <summary>Where its scores are kept; -1 when they aren't.</summary>
        public int Raw { get; set; } = -1;
    }
}
