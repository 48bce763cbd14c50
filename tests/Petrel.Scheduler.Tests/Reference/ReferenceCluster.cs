using System.Globalization;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>Nodes, pods and what else there is, as the API has it; and what several rules ask of it.</summary>
internal sealed class ReferenceCluster
{
    public SortedDictionary<string, V1Node> Nodes { get; } = new(StringComparer.Ordinal);

    public List<(V1Pod Pod, string Node)> Placed { get; } = [];

    public SortedDictionary<string, IDictionary<string, string>> Namespaces { get; } = new(StringComparer.Ordinal);

    public List<V1Service> Services { get; } = [];

    public IEnumerable<V1Pod> On(V1Node node) => Placed.Where(p => p.Node == node.Metadata.Name).Select(p => p.Pod);

    public IEnumerable<(V1Pod Pod, V1Node Node)> Everybody =>
        Placed.Where(p => Nodes.ContainsKey(p.Node)).Select(p => (p.Pod, Nodes[p.Node]));

    public static string? Label(V1Node node, string key) => node.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;

    /// <summary>A requirement of a selector over labels; Gt and Lt compare whole numbers.</summary>
    public static bool Holds(string op, string? value, IList<string>? values) =>
        op switch
        {
            "In" => value is not null && values!.Contains(value),
            "NotIn" => value is null || !values!.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => long.TryParse(value, CultureInfo.InvariantCulture, out var v)
                && v > long.Parse(values![0], CultureInfo.InvariantCulture),
            "Lt" => long.TryParse(value, CultureInfo.InvariantCulture, out var v)
                && v < long.Parse(values![0], CultureInfo.InvariantCulture),
            _ => false,
        };

    public static bool Selects(V1LabelSelector? selector, IDictionary<string, string>? labels)
    {
        string? Of(string key) => labels?.TryGetValue(key, out var value) == true ? value : null;
        return selector is not null
            && (selector.MatchLabels ?? new Dictionary<string, string>()).All(l => Of(l.Key) == l.Value)
            && (selector.MatchExpressions ?? []).All(e => Holds(e.OperatorProperty, Of(e.Key), e.Values));
    }

    public static bool Tolerates(V1Pod pod, V1Taint taint) =>
        (pod.Spec.Tolerations ?? []).Any(t =>
            (string.IsNullOrEmpty(t.Effect) || t.Effect == taint.Effect)
            && (string.IsNullOrEmpty(t.Key) ? t.OperatorProperty == "Exists" : t.Key == taint.Key)
            && (t.OperatorProperty == "Exists" || (t.Value ?? "") == (taint.Value ?? ""))
        );

    public static bool MatchesTerm(V1NodeSelectorTerm term, V1Node node) =>
        (term.MatchExpressions ?? []).Count + (term.MatchFields ?? []).Count > 0
        && (term.MatchExpressions ?? []).All(e => Holds(e.OperatorProperty, Label(node, e.Key), e.Values))
        && (term.MatchFields ?? []).All(e => Holds(e.OperatorProperty, node.Metadata.Name, e.Values));

    public static bool MatchesRequired(V1Pod pod, V1Node node) =>
        (pod.Spec.NodeSelector ?? new Dictionary<string, string>()).All(s => Label(node, s.Key) == s.Value)
        && (
            pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || required.NodeSelectorTerms.Any(t => MatchesTerm(t, node))
        );

    /// <summary>Whether a term of one pod is about another.</summary>
    public bool IsAbout(V1PodAffinityTerm term, V1Pod owner, V1Pod other)
    {
        var ns = other.Metadata.NamespaceProperty;
        var inNamespace =
            term.Namespaces?.Contains(ns) == true
            || (term.NamespaceSelector is null && term.Namespaces is not { Count: > 0 } && ns == owner.Metadata.NamespaceProperty)
            || (term.NamespaceSelector is not null && Selects(term.NamespaceSelector, Namespaces.GetValueOrDefault(ns)));
        string? Own(string key) => owner.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
        string? Its(string key) => other.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
        return inNamespace
            && Selects(term.LabelSelector, other.Metadata.Labels)
            && (term.MatchLabelKeys ?? []).All(k => Own(k) is null || Own(k) == Its(k))
            && (term.MismatchLabelKeys ?? []).All(k => Own(k) is null || Own(k) != Its(k));
    }

    public static decimal Requested(V1Pod pod, string resource, decimal unset = 0)
    {
        decimal Of(V1Container c) => c.Resources?.Requests?.TryGetValue(resource, out var quantity) == true ? quantity.ToDecimal() : unset;
        var podLevel = pod.Spec.Resources?.Requests;
        if (unset > 0 && podLevel is { Count: > 0 } && Requested(pod, resource) > 0)
        {
            unset = 0;
        }
        var init = pod.Spec.InitContainers ?? [];
        var sum = pod.Spec.Containers.Sum(Of) + init.Where(c => c.RestartPolicy == "Always").Sum(Of);
        for (var i = 0; i < init.Count; i++)
        {
            sum = Math.Max(sum, Of(init[i]) + init.Take(i).Where(c => c.RestartPolicy == "Always").Sum(Of));
        }
        if (podLevel?.TryGetValue(resource, out var level) == true)
        {
            sum = level.ToDecimal();
        }
        return sum + (pod.Spec.Overhead?.TryGetValue(resource, out var overhead) == true ? overhead.ToDecimal() : 0);
    }

    public static decimal Allocatable(V1Node node, string resource) =>
        node.Status.Allocatable.TryGetValue(resource, out var quantity) ? quantity.ToDecimal() : 0;
}
