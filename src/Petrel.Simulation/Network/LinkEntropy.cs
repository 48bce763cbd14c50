using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Network;

/// <summary>
/// What becomes of each message of a link: every request draws from a source of its own, which follows from when it is sent, so that a
/// request more or less changes nothing for those before and after it.
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
