using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Simulation.World;

/// <summary>What a program of the cluster is given in its process.</summary>
public record ProgramContext(ApiClient Client, TimeProvider Time, IEntropy Entropy, ILoggerFactory Logs);

/// <summary>What an agent is given beyond that: its machine, which it does not take with it when it dies.</summary>
public sealed record AgentContext(ApiClient Client, TimeProvider Time, IEntropy Entropy, ILoggerFactory Logs, SimulatedMachine Machine)
    : ProgramContext(Client, Time, Entropy, Logs);

/// <summary>A program that runs until cancelled.</summary>
public delegate Task ClusterProgram(ProgramContext context, CancellationToken cancellationToken);

/// <summary>A node's agent, which runs until cancelled.</summary>
public delegate Task AgentProgram(AgentContext context, CancellationToken cancellationToken);
