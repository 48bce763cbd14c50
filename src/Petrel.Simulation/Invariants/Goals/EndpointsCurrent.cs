using System.Text.Json;
using Petrel.Model.Selectors;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>The slices of every Service with a selector list the pods that are healthy as ready, and no other.</summary>
public sealed class EndpointsCurrent : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now)
    {
        foreach (var (key, service) in facts.Objects("/registry/core/services/"))
        {
            if (service.At("spec", "selector") is not { } selector)
            {
                continue;
            }
            var space = service.Text("metadata", "namespace");
            var labels = LabelSelector.FromLabels(
                selector.EnumerateObject().Select(l => KeyValuePair.Create(l.Name, l.Value.GetString()!))
            );
            var healthy = facts
                .Pods.Values.Where(p => p.Namespace == space && p.IsHealthy && labels.Matches(p.Labels))
                .Select(p => p.Uid)
                .ToHashSet(StringComparer.Ordinal);
            var ready = facts
                .Objects("/registry/discovery.k8s.io/endpointslices/")
                .Select(s => s.Value)
                .Where(s =>
                    s.Text("metadata", "namespace") == space && s.Text("metadata", "labels", "kubernetes.io/service-name") == service.Name()
                )
                .SelectMany(s => s.Items("endpoints").Where(IsReady).Select(e => e.Text("targetRef", "uid")))
                .ToHashSet(StringComparer.Ordinal);
            if (!ready.SetEquals(healthy))
            {
                return $"{key}: its slices list {ready.Count} ready pods, and {healthy.Count} are, {healthy.Intersect(ready).Count()} "
                    + $"of them listed";
            }
        }
        return null;
    }

    private static bool IsReady(JsonElement endpoint) => endpoint.At("conditions", "ready") is { ValueKind: JsonValueKind.True };
}
