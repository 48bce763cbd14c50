namespace Petrel.Model.Determinism;

/// <summary>
/// The only source of randomness and ids in the control plane (determinism contract, architecture decision 7). It is cryptographically
/// random in a live cluster. In a simulation it is derived from the seed of the run.
/// </summary>
public interface IEntropy
{
    /// <summary>64 uniformly distributed bits.</summary>
    ulong NextUInt64();
}

/// <summary>The random values that components draw from an <see cref="IEntropy"/>.</summary>
public static class EntropyExtensions
{
    // Upstream's alphabet for generated names: no vowels (to avoid accidental words), and no 0, 1 or 3 (apimachinery util/rand).
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>A uniformly distributed integer in [0, <paramref name="exclusiveMax"/>).</summary>
    public static int Next(this IEntropy entropy, int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        return (int)((UInt128)entropy.NextUInt64() * (uint)exclusiveMax >> 64);
    }

    /// <summary>A uniformly distributed number in [0, 1).</summary>
    public static double NextDouble(this IEntropy entropy) => (entropy.NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A random (version 4) UUID in its lower-case text form, as used for <c>metadata.uid</c> (RFC 9562).</summary>
    public static string NewUid(this IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, entropy.NextUInt64());
        BitConverter.TryWriteBytes(bytes[8..], entropy.NextUInt64());
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString("D");
    }

    /// <summary>A name suffix of <paramref name="length"/> characters for <c>generateName</c> (upstream uses 5).</summary>
    public static string NewNameSuffix(this IEntropy entropy, int length = 5) => string.Create(length, entropy, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = NameAlphabet[source.Next(NameAlphabet.Length)];
            }
        });
}

/// <summary>A reproducible source: the same seed gives the same sequence on every platform (SplitMix64, Steele et al. 2014).</summary>
public sealed class SeededEntropy(ulong seed) : IEntropy
{
    private ulong _state = seed;

    /// <inheritdoc/>
    public ulong NextUInt64()
    {
        var z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>A source derived from this one whose draws are independent: one component's draws do not shift another's.</summary>
    public SeededEntropy Fork() => new(NextUInt64());
}
