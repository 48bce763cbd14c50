using System.Buffers.Binary;
using System.Globalization;
using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>The hash that names the ReplicaSet of a template: stable across restarts and versions that model the same fields.</summary>
public static class TemplateHash
{
    // As in generated names: no vowels, so that no words come about.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The hash of a template; <paramref name="collisionCount"/> makes another one when the first is taken.</summary>
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
