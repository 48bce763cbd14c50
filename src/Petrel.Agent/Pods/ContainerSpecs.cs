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

    /// <summary>
    /// The pod-level resource limits. CPU and memory are limited only if every container has a limit for them. Sidecars count beside the
    /// containers, and init containers before them.
    /// </summary>
    public static ResourceLimits PodLimits(V1Pod pod, long pidsLimit)
    {
        var inits = pod.Spec.InitContainers ?? [];
        var together = pod.Spec.Containers.Concat(inits.Where(PodStates.IsSidecar)).Select(Limits).ToList();
        var before = inits.Where(c => !c.IsSidecar()).Select(Limits).ToList();
        long Total(Func<ResourceLimits, long> of) => Math.Max(together.Sum(of), before.Select(of).DefaultIfEmpty().Max());
        long Limit(Func<ResourceLimits, long> of) => together.Concat(before).All(l => of(l) > 0) ? Total(of) : 0;
        return new()
        {
            MilliCpu = Limit(l => l.MilliCpu),
            MilliCpuRequest = Total(l => l.MilliCpuRequest),
            Memory = Limit(l => l.Memory),
            Pids = pidsLimit,
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
            Seccomp = (own?.SeccompProfile ?? shared?.SeccompProfile) is { } seccomp
                ? new(seccomp.Type ?? "", seccomp.LocalhostProfile ?? "")
                : SeccompSetting.Default,
        };
    }
}
