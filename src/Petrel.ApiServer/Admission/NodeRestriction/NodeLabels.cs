using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.NodeRestriction;

/// <summary>
/// Which of its own labels a node's agent may set. A compromised agent must not be able to attract pods that are meant for other nodes.
/// </summary>
internal static class NodeLabels
{
    private const string Restricted = "node-restriction.kubernetes.io";

    private static readonly string[] Agents =
    [
        "kubernetes.io/hostname",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.kubernetes.io/zone",
        "failure-domain.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
    ];

    private static readonly string[] AgentNamespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    /// <summary>The labels that differ between two versions of a node and that its agent may not set, in order.</summary>
    public static IReadOnlyList<string> ForbiddenChanges(JsonObject? node, JsonObject? old)
    {
        var now = node.Child("metadata").Map("labels").ToDictionary(l => l.Key, l => l.Value);
        var before = old.Child("metadata").Map("labels").ToDictionary(l => l.Key, l => l.Value);
        return
        [
            .. now
                .Keys.Union(before.Keys)
                .Where(k => now.TryGetValue(k, out var value) != before.TryGetValue(k, out var was) || value != was)
                .Where(IsForbidden)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool IsForbidden(string label)
    {
        var slash = label.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash < 0 ? "" : label[..slash];
        return Within(prefix, Restricted)
            || (
                (Within(prefix, "kubernetes.io") || Within(prefix, "k8s.io"))
                && !Agents.Contains(label)
                && !AgentNamespaces.Any(n => Within(prefix, n))
            );
    }

    private static bool Within(string prefix, string domain) => prefix == domain || prefix.EndsWith("." + domain, StringComparison.Ordinal);
}
