using Petrel.Model.Determinism;

namespace Petrel.Simulation.Execution;

/// <summary>Sources of randomness by purpose: what one purpose draws, and whether it draws at all, shifts no other one's.</summary>
public static class EntropyPurposes
{
    // FNV-1a, 64 bits (Fowler, Noll, Vo).
    private const ulong FnvOffset = 0xCBF29CE484222325;
    private const ulong FnvPrime = 0x100000001B3;

    /// <summary>The source of a purpose, such as <c>controllers#2</c>, in the run of a seed.</summary>
    public static SeededEntropy Of(ulong seed, string purpose)
    {
        var hash = FnvOffset;
        foreach (var character in purpose)
        {
            hash = (hash ^ character) * FnvPrime;
        }
        return Of(seed, hash);
    }

    /// <summary>The source of a numbered purpose.</summary>
    public static SeededEntropy Of(ulong seed, ulong purpose) =>
        new(new SeededEntropy(seed).NextUInt64() ^ new SeededEntropy(purpose).NextUInt64());
}
