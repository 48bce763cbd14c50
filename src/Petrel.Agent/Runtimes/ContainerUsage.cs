namespace Petrel.Agent.Runtimes;

/// <summary>The resource usage of a running container.</summary>
/// <param name="ContainerId">The container's id.</param>
/// <param name="CpuTime">CPU time of all processes of the container since it started.</param>
/// <param name="WorkingSetBytes">Memory in use without inactive file pages, which the kernel can reclaim at no cost.</param>
public sealed record ContainerUsage(string ContainerId, TimeSpan CpuTime, long WorkingSetBytes);
