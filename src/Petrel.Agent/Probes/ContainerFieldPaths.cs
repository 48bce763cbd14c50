using k8s.Models;

namespace Petrel.Agent.Probes;

/// <summary>The field paths of containers in the <c>involvedObject</c> of events.</summary>
internal static class ContainerFieldPaths
{
    /// <summary>The path of a container in the pod's spec, for example <c>spec.initContainers{setup}</c>.</summary>
    public static string Of(V1Pod pod, V1Container container) =>
        pod.Spec.InitContainers?.Any(c => c.Name == container.Name) == true
            ? $"spec.initContainers{{{container.Name}}}"
            : $"spec.containers{{{container.Name}}}";
}
