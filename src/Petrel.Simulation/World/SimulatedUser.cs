using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Simulation.World;

/// <summary>Somebody outside the cluster with administrator's rights, whose machine does not fail.</summary>
public sealed record SimulatedUser(ApiClient Client, TimeProvider Time, SeededEntropy Entropy);
