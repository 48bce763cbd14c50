using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Simulation.World;

/// <summary>The controllers as a program that runs until cancelled.</summary>
public delegate Task ControllersProgram(
    ApiClient client, TimeProvider time, IEntropy entropy, ILoggerFactory logs, CancellationToken cancellationToken);
