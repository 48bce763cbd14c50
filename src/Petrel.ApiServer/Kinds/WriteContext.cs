using Petrel.Model.Determinism;

namespace Petrel.ApiServer.Kinds;

/// <summary>What creation and update may need from outside the object.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Entropy">Ids and randomness.</param>
public sealed record WriteContext(TimeProvider Time, IEntropy Entropy);
