namespace Petrel.Agent.Runtimes;

/// <summary>What a running container has used.</summary>
/// <param name="ContainerId">The container.</param>
/// <param name="CpuTime">Processor time of all its processes since it started.</param>
/// <param name="WorkingSetBytes">Memory in use that can't be taken back without harm: all of it but inactive file pages.</param>
public sealed record ContainerUsage(string ContainerId, TimeSpan CpuTime, long WorkingSetBytes);
