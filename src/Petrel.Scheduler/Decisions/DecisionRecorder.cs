using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Decisions;

/// <summary>Gathers what leads to each decision of a cycle, and notes it in the log.</summary>
internal sealed class DecisionRecorder(DecisionLog log, TimeProvider time) : IDecisionRecorder
{
    private readonly Dictionary<(IPlugin Plugin, Verdict Verdict), Refused> _refused = [];
    private readonly List<NodeScores> _scores = [];
    private readonly List<PluginScore> _plugins = [];
    private PodInfo? _pod;
    private string _profile = "";
    private (IPlugin Plugin, Verdict Verdict)? _everywhere;
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

    public void RefusedEverywhere(IPlugin plugin, Verdict verdict) => _everywhere = (plugin, verdict);

    void IDecisionRecorder.Refused(NodeInfo node, IPlugin plugin, Verdict verdict)
    {
        if (!_refused.TryGetValue((plugin, verdict), out var refused))
        {
            _refused[(plugin, verdict)] = refused = new();
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
            WaitsFor = placement.NodeName is null ? Waits.For(placement.RetryOn) : [],
        };
        log.Add(_pod!.Key, _pod.Uid, decision);
        return decision;
    }

    public void Repeat(PodInfo pod, Decision recorded) => log.Add(pod.Key, pod.Uid, recorded with { Time = time.GetUtcNow() });

    // Several verdicts may say the same.
    private List<Refusal> Refusals()
    {
        if (_everywhere is var (plugin, verdict))
        {
            return [new(plugin.Name, verdict.Reasons, verdict.Code == VerdictCode.Unschedulable, 0, [])];
        }
        var grouped = _refused.GroupBy(r => (r.Key.Plugin.Name, Reasons: string.Join('\n', r.Key.Verdict.Reasons), r.Key.Verdict.Code));
        return
        [
            .. from same in grouped
            let count = same.Sum(r => r.Value.Count)
            orderby count descending, same.Key.Name, same.Key.Reasons
            select new Refusal(
                same.Key.Name,
                same.First().Key.Verdict.Reasons,
                same.Key.Code == VerdictCode.Unschedulable,
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
