using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Simulation.World;

/// <summary>An administrator outside of the cluster, whose machine does not fail.</summary>
public sealed record SimulatedUser(ApiClient Client, TimeProvider Time, SeededEntropy Entropy);
