using Petrel.Model.Determinism;

namespace Petrel.SimulatedNodes;

/// <summary>
/// Named random sources, each derived from the seed and its name. The draws of a node or pod depend neither on other objects nor on the
/// order in which the server reports them.
/// </summary>
internal sealed class RandomSources(ulong seed)
{
    // 64-bit FNV-1a; SeededEntropy mixes it further.
    private const ulong HashStart = 0xCBF29CE484222325;
    private const ulong HashPrime = 0x100000001B3;

    /// <summary>The random source with the name <paramref name="what"/>.</summary>
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
    /// Draws the time until an event that happens in each minute with the chance <paramref name="perMinute"/>; null for never.
    /// </summary>
    public static TimeSpan? FirstIn(IEntropy entropy, double perMinute)
    {
        if (perMinute <= 0)
        {
            return null;
        }
        // The number of whole minutes before the event has a geometric distribution.
        var whole = perMinute >= 1 ? 0 : Math.Floor(Math.Log(1 - entropy.NextDouble()) / Math.Log(1 - perMinute));
        var minutes = whole + entropy.NextDouble();
        return minutes < TimeSpan.FromDays(3650).TotalMinutes ? TimeSpan.FromMinutes(minutes) : null;
    }
}
