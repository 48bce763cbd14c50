using System.Globalization;
using System.Text.Json;
using Petrel.Model;
using Petrel.Model.Documents;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Petrel.Cli.Explain;

/// <summary>
/// Renders a SchedulingDecision as text: its result, why nodes were filtered out, the scores of the others, the pods that it preempts, and
/// what it waits for. Earlier attempts follow.
/// </summary>
internal static class DecisionView
{
    public static IRenderable Render(ObjectKey pod, JsonElement document, DateTimeOffset now)
    {
        var decisions = Items(document, "decisions").ToList();
        var last = decisions[0];
        var parts = new List<IRenderable>
        {
            new Text(
                $"Pod {pod}: {Outcome(last)} (attempt {Number(last, "attempt")} of {Number(document, "attempts")}, {Age(last, now)} ago)"
            ),
        };
        if (Text(last, "message") is { Length: > 0 } message)
        {
            parts.Add(new Text("  " + message));
        }
        parts.AddRange(Gang(last));
        parts.AddRange(Preemption(last));
        if (Items(last, "waitsFor").Select(w => w.GetString()!).ToList() is { Count: > 0 } waits)
        {
            parts.Add(new Text($"  Waits for: {string.Join("; ", waits)}."));
        }
        parts.AddRange(Refusals(last));
        parts.AddRange(Scores(last));
        parts.AddRange(Before(decisions.Skip(1), now));
        return new Rows(parts);
    }

    private static string Outcome(JsonElement decision) =>
        Text(decision, "result") switch
        {
            "Scheduled" => $"placed on {Text(decision, "node")}",
            "Preempting" => $"waits for room on {Text(decision, "node")}, where pods of lower priority end for it",
            "WaitingForGang" => Text(decision, "node") is { Length: > 0 } node
                ? $"has a place on {node}, and waits for its gang"
                : "waits for its gang",
            "NotBound" => $"could not be bound to {Text(decision, "node")}",
            _ => "not placed",
        };

    private static IEnumerable<IRenderable> Gang(JsonElement decision)
    {
        if (decision.TryGetProperty("gang", out var gang))
        {
            yield return new Text(
                $"  Gang {Text(gang, "name")}: {Number(gang, "placed")} of the {Number(gang, "minMember")} pods that it needs "
                    + $"have a place; there are {Number(gang, "members")}."
            );
        }
    }

    private static IEnumerable<IRenderable> Preemption(JsonElement decision)
    {
        if (!decision.TryGetProperty("preemption", out var preemption))
        {
            yield break;
        }
        var violations = Number(preemption, "violatedBudgets");
        var table = NewTable(
            $"Displaced on {Text(preemption, "node")}{(violations > 0 ? $", {violations} against their disruption budget" : "")}",
            "POD",
            "PRIORITY"
        );
        foreach (var victim in Items(preemption, "victims"))
        {
            Row(table, $"{Text(victim, "namespace")}/{Text(victim, "name")}", $"{Number(victim, "priority")}");
        }
        yield return table;
    }

    private static IEnumerable<IRenderable> Refusals(JsonElement decision)
    {
        var refusals = Items(decision, "refusals").ToList();
        if (refusals.Count == 0)
        {
            yield break;
        }
        var table = NewTable(
            $"Refused: {refusals.Sum(r => Number(r, "count"))} of {Number(decision, "nodes")} nodes",
            "NODES",
            "PLUGIN",
            "REASON",
            "NODE NAMES"
        );
        foreach (var refusal in refusals)
        {
            var (count, named) = (Number(refusal, "count"), Items(refusal, "nodes").Select(n => n.GetString()!).ToList());
            var more = count > named.Count && named.Count > 0 ? $" and {count - named.Count} more" : "";
            Row(
                table,
                count == 0 ? "all" : $"{count}",
                Text(refusal, "plugin"),
                string.Join("; ", Items(refusal, "reasons").Select(r => r.GetString())),
                string.Join(", ", named) + more
            );
        }
        yield return table;
    }

    private static IEnumerable<IRenderable> Scores(JsonElement decision)
    {
        var nodes = Items(decision, "scores").ToList();
        if (nodes.Count == 0)
        {
            yield break;
        }
        var plugins = nodes.SelectMany(n => Items(n, "plugins").Select(p => Text(p, "plugin"))).Distinct().ToList();
        var feasible = Number(decision, "feasible");
        var table = NewTable(
            $"Scores{(feasible > nodes.Count ? $" of the best {nodes.Count} of {feasible} nodes" : "")} (score from 0 to 100, "
                + $"times weight)",
            [.. plugins.Prepend("TOTAL").Prepend("NODE")]
        );
        foreach (var node in nodes)
        {
            var scores = Items(node, "plugins").ToDictionary(p => Text(p, "plugin"));
            var cells = plugins.Select(p => scores.TryGetValue(p, out var score) ? Cell(score) : "-");
            Row(table, [.. cells.Prepend($"{Number(node, "total")}").Prepend(Text(node, "node"))]);
        }
        yield return table;
    }

    private static string Cell(JsonElement score)
    {
        var (raw, scaled, weight) = (Number(score, "raw"), Number(score, "score"), Number(score, "weight"));
        return (raw == scaled ? $"{scaled}" : $"{scaled} ({raw})") + (weight == 1 ? "" : $" x{weight}");
    }

    private static IEnumerable<IRenderable> Before(IEnumerable<JsonElement> decisions, DateTimeOffset now)
    {
        var table = NewTable("Before that", "ATTEMPT", "AGO", "RESULT", "MESSAGE");
        foreach (var decision in decisions)
        {
            Row(table, $"{Number(decision, "attempt")}", Age(decision, now), Outcome(decision), Text(decision, "message"));
        }
        return table.Rows.Count == 0 ? [] : [table];
    }

    private static Table NewTable(string title, params string[] columns)
    {
        var table = new Table().Title(new TableTitle(Markup.Escape(title))).Border(TableBorder.Simple);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))));
        }
        return table;
    }

    private static void Row(Table table, params string[] cells) => table.AddRow(cells.Select(c => new Text(c)));

    private static string Age(JsonElement decision, DateTimeOffset now) =>
        DateTimeOffset.TryParse(Text(decision, "time"), CultureInfo.InvariantCulture, out var time)
            ? HumanDuration.Format(now - time)
            : "?";

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static long Number(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.EnumerateArray() : [];
}
