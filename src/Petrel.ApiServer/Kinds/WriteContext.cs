using Petrel.Model.Determinism;

namespace Petrel.ApiServer.Kinds;

/// <summary>The clock and entropy of creations and updates.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Entropy">Ids and randomness.</param>
public sealed record WriteContext(TimeProvider Time, IEntropy Entropy);
