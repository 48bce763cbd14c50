using Microsoft.Extensions.Logging;
using Petrel.Model.Api;

namespace Petrel.Simulation.World;

/// <summary>The cluster that is simulated.</summary>
public sealed record WorldSettings
{
    public int Nodes { get; init; } = 5;

    /// <summary>
    /// How long pods stay bound to a node that is not ready or not reachable. (Upstream's 300 s would outlast most runs.)
    /// </summary>
    public long TolerationSeconds { get; init; } = 20;

    /// <summary>
    /// How many events of each kind the server keeps for watches that resume: one that was away for longer is told to list again.
    /// </summary>
    public int WatchWindow { get; init; } = 8192;

    /// <summary>What of the components' logs goes to the history.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Makes the disk of a run; tests put broken ones here.</summary>
    public Func<ISimulatedDisk> Disk { get; init; } = static () => new HonestDisk();

    /// <summary>The way of a process (by its name) to the server; tests tamper with it here.</summary>
    public Func<string, IApiHandler, IApiHandler> WrapLink { get; init; } = static (_, link) => link;

    /// <summary>Runs in the scheduler's process.</summary>
    public ClusterProgram Scheduler { get; init; } = RealPrograms.Scheduler;

    /// <summary>Runs in the controllers' process; tests put broken ones here.</summary>
    public ClusterProgram Controllers { get; init; } = RealPrograms.Controllers;

    /// <summary>Runs on each node.</summary>
    public AgentProgram Agent { get; init; } = RealPrograms.Agent;
}
