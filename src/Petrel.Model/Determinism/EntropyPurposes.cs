namespace Petrel.Model.Determinism;

/// <summary>Random streams by purpose. The draws for one purpose do not shift the draws for another one.</summary>
public static class EntropyPurposes
{
    // FNV-1a, 64 bits (Fowler, Noll, Vo).
    private const ulong FnvOffset = 0xCBF29CE484222325;
    private const ulong FnvPrime = 0x100000001B3;

    /// <summary>The stream for a purpose, such as <c>controllers#2</c>, in the run with this seed.</summary>
    public static SeededEntropy Of(ulong seed, string purpose)
    {
        var hash = FnvOffset;
        foreach (var character in purpose)
        {
            hash = (hash ^ character) * FnvPrime;
        }
        return Of(seed, hash);
    }

    /// <summary>The stream for a numbered purpose.</summary>
    public static SeededEntropy Of(ulong seed, ulong purpose) =>
        new(new SeededEntropy(seed).NextUInt64() ^ new SeededEntropy(purpose).NextUInt64());
}
