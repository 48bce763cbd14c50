using Petrel.Model.Determinism;

namespace Petrel.Simulation.Network;

/// <summary>
/// The random choices of a link's messages. Every request has a stream of its own, which follows from the time at which it is sent, so
/// that an additional request changes nothing for earlier and later ones.
/// </summary>
internal sealed class LinkEntropy(ulong seed)
{
    private long _instant = -1;
    private ulong _sameInstant;

    /// <summary>The source of a request that is sent now.</summary>
    public SeededEntropy ForRequest(long instant)
    {
        _sameInstant = instant == _instant ? _sameInstant + 1 : 0;
        _instant = instant;
        return EntropyPurposes.Of(seed + _sameInstant, (ulong)instant);
    }
}
