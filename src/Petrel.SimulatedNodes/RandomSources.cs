using Petrel.Model.Determinism;

namespace Petrel.SimulatedNodes;

/// <summary>
/// Random sources by name, made from the seed and the name. What a node or a pod draws depends neither on what else there is nor on the
/// order in which the server reports it.
/// </summary>
internal sealed class RandomSources(ulong seed)
{
    // FNV-1a with 64 bits; SeededEntropy mixes it further.
    private const ulong HashStart = 0xCBF29CE484222325;
    private const ulong HashPrime = 0x100000001B3;

    /// <summary>The source of what <paramref name="what"/> names.</summary>
    public IEntropy Of(string what)
    {
        var hash = HashStart;
        foreach (var character in what)
        {
            hash = (hash ^ character) * HashPrime;
        }
        return new SeededEntropy(new SeededEntropy(seed).NextUInt64() ^ hash);
    }

    /// <summary>
    /// After what time something happens that has the chance <paramref name="perMinute"/> of happening in each minute; null for never.
    /// </summary>
    public static TimeSpan? FirstIn(IEntropy entropy, double perMinute)
    {
        if (perMinute <= 0)
        {
            return null;
        }
        // How many minutes pass without it is distributed geometrically.
        var whole = perMinute >= 1 ? 0 : Math.Floor(Math.Log(1 - entropy.NextDouble()) / Math.Log(1 - perMinute));
        var minutes = whole + entropy.NextDouble();
        return minutes < TimeSpan.FromDays(3650).TotalMinutes ? TimeSpan.FromMinutes(minutes) : null;
    }
}
