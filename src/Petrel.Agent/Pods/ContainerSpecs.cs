using k8s.Models;
using Petrel.Agent.EnvironmentVariables;
using Petrel.Agent.Runtimes;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>Converts a pod's spec to the types of the container runtime. Pure functions.</summary>
internal static class ContainerSpecs
{
    /// <summary>Builds the runtime's spec of a container.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container in the pod's spec.</param>
    /// <param name="attempt">How often the container was created before.</param>
    /// <param name="environment">The container's environment variables.</param>
    /// <param name="mounts">The container's mounts.</param>
    /// <param name="logPath">The path of the log file.</param>
    public static ContainerSpec Create(
        V1Pod pod,
        V1Container container,
        int attempt,
        IReadOnlyList<KeyValuePair<string, string>> environment,
        IReadOnlyList<Mount> mounts,
        string logPath
    )
    {
        var variables = environment.ToDictionary(e => e.Key, e => e.Value);
        string Expand(string text) => VariableExpansion.Expand(text, name => variables.GetValueOrDefault(name));
        return new ContainerSpec
        {
            Name = container.Name,
            Attempt = attempt,
            Image = container.Image,
            Command = [.. (container.Command ?? []).Select(Expand)],
            Args = [.. (container.Args ?? []).Select(Expand)],
            WorkingDirectory = container.WorkingDir ?? "",
            Environment = environment,
            Mounts = mounts,
            Limits = Limits(container),
            LogPath = logPath,
            Stdin = container.Stdin == true,
            Tty = container.Tty == true,
            Security = Security(pod, container),
        };
    }

    /// <summary>The pod-level resource limits. A resource is limited only if every container has a limit for it.</summary>
    public static ResourceLimits PodLimits(V1Pod pod)
    {
        var each = pod.Spec.Containers.Select(Limits).ToList();
        return new()
        {
            MilliCpu = each.All(l => l.MilliCpu > 0) ? each.Sum(l => l.MilliCpu) : 0,
            MilliCpuRequest = each.Sum(l => l.MilliCpuRequest),
            Memory = each.All(l => l.Memory > 0) ? each.Sum(l => l.Memory) : 0,
        };
    }

    private static ResourceLimits Limits(V1Container container)
    {
        var limits = ResourceList.From(container.Resources?.Limits);
        return new()
        {
            MilliCpu = limits.MilliCpu,
            MilliCpuRequest = ResourceList.From(container.Resources?.Requests).MilliCpu,
            Memory = limits.Memory,
        };
    }

    // The container's security context, with unset fields taken from the pod's.
    private static ContainerSecurity Security(V1Pod pod, V1Container container)
    {
        var (own, shared) = (container.SecurityContext, pod.Spec.SecurityContext);
        return new()
        {
            RunAsUser = own?.RunAsUser ?? shared?.RunAsUser,
            RunAsGroup = own?.RunAsGroup ?? shared?.RunAsGroup,
            RunAsNonRoot = own?.RunAsNonRoot ?? shared?.RunAsNonRoot ?? false,
            SupplementalGroups = [.. (shared?.SupplementalGroups ?? []).OfType<long>().Concat(shared?.FsGroup is { } group ? [group] : [])],
            Privileged = own?.Privileged == true,
            ReadOnlyRootFilesystem = own?.ReadOnlyRootFilesystem == true,
            NoNewPrivileges = own?.AllowPrivilegeEscalation == false,
            AddCapabilities = [.. own?.Capabilities?.Add ?? []],
            DropCapabilities = [.. own?.Capabilities?.Drop ?? []],
        };
    }
}
