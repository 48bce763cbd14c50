using System.Buffers.Binary;
using System.Globalization;
using k8s.Models;

namespace Petrel.Workloads;

/// <summary>
/// The hash of a pod template that names the ReplicaSet of a Deployment. It is stable across restarts, and across versions of Petrel that
/// know the same fields.
/// </summary>
public static class PodTemplateHash
{
    // Upstream's SafeEncodeString: no vowels, so that no words appear.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Computes the hash.</summary>
    /// <param name="template">The template.</param>
    /// <param name="collisionCount">
    /// The Deployment's <c>status.collisionCount</c>. Each value gives another hash, for names that are taken.
    /// </param>
    public static string Compute(V1PodTemplateSpec template, int? collisionCount)
    {
        var hash = Add(2166136261, PodTemplates.Canonical(template));
        if (collisionCount is { } count)
        {
            Span<byte> bytes = stackalloc byte[8];
            bytes.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(bytes, count);
            hash = Add(hash, bytes);
        }
        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    // FNV-1a with 32 bits.
    private static uint Add(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = unchecked((hash ^ value) * 16777619);
        }
        return hash;
    }
}
