using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>Collects what leads to each decision of a cycle, and writes it to the log.</summary>
internal sealed class DecisionRecorder(DecisionLog log, TimeProvider time) : IDecisionRecorder
{
    private readonly Dictionary<(IPlugin Plugin, Status Status), Refused> _refused = [];
    private readonly List<NodeScores> _scores = [];
    private readonly List<PluginScore> _plugins = [];
    private PodInfo? _pod;
    private string _profile = "";
    private (IPlugin Plugin, Status Status)? _everywhere;
    private string _scored = "";
    private int _nodes;
    private int _feasible;

    public int ScoredNodes => log.Settings.ScoredNodes;

    public void Begin(PodInfo pod, string profile)
    {
        (_pod, _profile, _everywhere, _scored, _nodes, _feasible) = (pod, profile, null, "", 0, 0);
        _refused.Clear();
        _scores.Clear();
        _plugins.Clear();
    }

    public void RefusedEverywhere(IPlugin plugin, Status status) => _everywhere = (plugin, status);

    void IDecisionRecorder.Refused(NodeInfo node, IPlugin plugin, Status status)
    {
        if (!_refused.TryGetValue((plugin, status), out var refused))
        {
            _refused[(plugin, status)] = refused = new();
        }
        refused.Count++;
        refused.Names.Add(node.Name);
    }

    public void Counted(int nodes, int feasible) => (_nodes, _feasible) = (nodes, feasible);

    public void Scored(NodeInfo node, IPlugin plugin, long raw, long score, int weight)
    {
        if (_scored != node.Name)
        {
            CloseNode();
            _scored = node.Name;
        }
        _plugins.Add(new(plugin.Name, raw, score, weight));
    }

    public Decision End(Placement placement)
    {
        CloseNode();
        var decision = new Decision
        {
            Time = time.GetUtcNow(),
            Profile = _profile,
            Result =
                placement.NodeName is not null ? DecisionResult.Scheduled
                : placement.PostFilter?.Preemption is not null ? DecisionResult.Preempting
                : DecisionResult.Unschedulable,
            Node = placement.NodeName ?? placement.PostFilter?.NominatedNode ?? "",
            Message = placement.Message,
            Nodes = _nodes,
            Feasible = _feasible,
            Refusals = Refusals(),
            Scores = [.. _scores],
            Preemption = placement.PostFilter?.Preemption,
            WaitsFor = placement.NodeName is null ? RetryReasons.For(placement.RetryOn) : [],
        };
        log.Add(_pod!.Key, _pod.Uid, decision);
        return decision;
    }

    public void Repeat(PodInfo pod, Decision recorded) => log.Add(pod.Key, pod.Uid, recorded with { Time = time.GetUtcNow() });

    // Different instances may have the same reasons.
    private List<RefusalRecord> Refusals()
    {
        if (_everywhere is var (plugin, status))
        {
            return [new(plugin.Name, status.Reasons, status.Code == StatusCode.Unschedulable, 0, [])];
        }
        var grouped = _refused.GroupBy(r => (r.Key.Plugin.Name, Reasons: string.Join('\n', r.Key.Status.Reasons), r.Key.Status.Code));
        return
        [
            .. from same in grouped
            let count = same.Sum(r => r.Value.Count)
            orderby count descending, same.Key.Name, same.Key.Reasons
            select new RefusalRecord(
                same.Key.Name,
                same.First().Key.Status.Reasons,
                same.Key.Code == StatusCode.Unschedulable,
                count,
                [.. same.SelectMany(r => r.Value.Names).Order(StringComparer.Ordinal).Take(log.Settings.NodesPerReason)]
            ),
        ];
    }

    private void CloseNode()
    {
        if (_plugins.Count > 0)
        {
            _scores.Add(new(_scored, _plugins.Sum(p => p.Weighted), [.. _plugins]));
            _plugins.Clear();
        }
    }

    private sealed class Refused
    {
        public int Count { get; set; }
        public List<string> Names { get; } = [];
    }
}
