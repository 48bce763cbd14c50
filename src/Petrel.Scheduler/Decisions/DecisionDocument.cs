using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Scheduler.Decisions;

/// <summary>Decisions as JSON, the newest first. Empty fields are left out.</summary>
internal static class DecisionDocument
{
    public static JsonObject Of(int attempts, IReadOnlyList<Decision> decisions) =>
        new() { ["attempts"] = attempts, ["decisions"] = new JsonArray([.. decisions.Reverse().Select(d => (JsonNode)Of(d))]) };

    private static JsonObject Of(Decision decision)
    {
        var document = new JsonObject
        {
            ["attempt"] = decision.Attempt,
            ["time"] = decision.Time.ToMicroTimestamp(),
            ["profile"] = decision.Profile,
            ["result"] = decision.Result.ToString(),
        };
        Add(document, "node", decision.Node);
        Add(document, "message", decision.Message);
        document["nodes"] = decision.Nodes;
        document["feasible"] = decision.Feasible;
        Add(document, "refusals", decision.Refusals.Select(Of));
        Add(document, "scores", decision.Scores.Select(Of));
        if (decision.Preemption is { } preemption)
        {
            document["preemption"] = Of(preemption);
        }
        if (decision.Gang is { } gang)
        {
            document["gang"] = new JsonObject
            {
                ["name"] = gang.Name,
                ["minMember"] = gang.MinMember,
                ["members"] = gang.Members,
                ["placed"] = gang.Placed,
            };
        }
        Add(document, "waitsFor", decision.WaitsFor.Select(w => (JsonNode)w));
        return document;
    }

    private static JsonObject Of(RefusalRecord refusal)
    {
        var document = new JsonObject
        {
            ["plugin"] = refusal.Plugin,
            ["reasons"] = new JsonArray([.. refusal.Reasons.Select(r => (JsonNode)r)]),
            ["preemptionMayHelp"] = refusal.PreemptionMayHelp,
            ["count"] = refusal.Count,
        };
        Add(document, "nodes", refusal.Nodes.Select(n => (JsonNode)n));
        return document;
    }

    private static JsonObject Of(NodeScores scores) =>
        new()
        {
            ["node"] = scores.Node,
            ["total"] = scores.Total,
            ["plugins"] = new JsonArray([
                .. scores.Plugins.Select(p =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["plugin"] = p.Plugin,
                            ["raw"] = p.Raw,
                            ["score"] = p.Score,
                            ["weight"] = p.Weight,
                            ["weighted"] = p.Weighted,
                        }
                ),
            ]),
        };

    private static JsonObject Of(PreemptionRecord preemption) =>
        new()
        {
            ["node"] = preemption.Node,
            ["violatedBudgets"] = preemption.Violations,
            ["victims"] = new JsonArray([
                .. preemption.Victims.Select(v =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["namespace"] = v.Pod.Namespace,
                            ["name"] = v.Pod.Name,
                            ["uid"] = v.Uid,
                            ["priority"] = v.Priority,
                        }
                ),
            ]),
        };

    private static void Add(JsonObject document, string name, string text)
    {
        if (text.Length > 0)
        {
            document[name] = text;
        }
    }

    private static void Add(JsonObject document, string name, IEnumerable<JsonNode> items)
    {
        JsonArray list = [.. items];
        if (list.Count > 0)
        {
            document[name] = list;
        }
    }
}
