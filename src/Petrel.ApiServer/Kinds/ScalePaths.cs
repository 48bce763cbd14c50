namespace Petrel.ApiServer.Kinds;

/// <summary>The fields behind a Scale, as steps of a path from the document's root.</summary>
/// <param name="Replicas">The wanted replicas.</param>
/// <param name="StatusReplicas">The replicas that there are.</param>
/// <param name="Selector">The selector: an object, or its text; null when the kind has none.</param>
public sealed record ScalePaths(IReadOnlyList<string> Replicas, IReadOnlyList<string> StatusReplicas, IReadOnlyList<string>? Selector)
{
    /// <summary>Where all built-in workloads have them.</summary>
    public static ScalePaths Workload { get; } = new(["spec", "replicas"], ["status", "replicas"], ["spec", "selector"]);
}
