using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>Warns about node labels that upstream has deprecated (upstream: pkg/api/node).</summary>
internal static class DeprecatedNodeLabels
{
    private static readonly Dictionary<string, string> Messages = new(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        ["beta.kubernetes.io/os"] = "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ["failure-domain.beta.kubernetes.io/region"] = "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        ["failure-domain.beta.kubernetes.io/zone"] = "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        ["beta.kubernetes.io/instance-type"] = "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
        ["app.kubernetes.io/created-by"] = "deprecated since v1.9",
        ["scheduler.alpha.kubernetes.io/preferAvoidPods"] = "deprecated since v1.22; use Taints and Tolerations instead",
        ["node-role.kubernetes.io/master"] = "use \"node-role.kubernetes.io/control-plane\" instead",
    };

    /// <summary>What to say about a label; null for all but deprecated ones.</summary>
    public static string? Message(string label) => Messages.GetValueOrDefault(label);

    /// <summary>The warnings of a map of labels: <c>PATH[LABEL]: MESSAGE</c>.</summary>
    public static IEnumerable<string> InMap(JsonNode? node, string name, string path) =>
        node.Map(name).Where(l => Message(l.Key) is not null).Select(l => $"{path}.{name}[{l.Key}]: {Message(l.Key)}");

    /// <summary>The warnings of a term of a node selector.</summary>
    public static IEnumerable<string> InTerm(JsonObject? term, string path, bool checksValues = false)
    {
        foreach (var (expression, at) in term.Indexed("matchExpressions", path))
        {
            if (Message(expression.Text("key")) is { } message)
            {
                yield return $"{at}.key: {expression.Text("key")} is {message}";
            }
            if (!checksValues)
            {
                continue;
            }
            var values = expression.Texts("values").ToArray();
            for (var i = 0; i < values.Length; i++)
            {
                if (LabelSyntax.ValueProblem(values[i]) is { } problem)
                {
                    yield return $"{at}.values[{i}]: {values[i]} is invalid, {problem}";
                }
            }
        }
    }
}
