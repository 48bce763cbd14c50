using System.Runtime.InteropServices;
using k8s;
using k8s.Models;

namespace Petrel.Client;

/// <summary>
/// What was decoded lately, by the bytes it came from: all caches of a program (in a simulation: of a whole cluster) that are sent the same
/// bytes hold the same object, which is decoded once. The bytes are compared whole, so that an answer never depends on what others have
/// read; objects that come from here are shared and may not be changed.
/// </summary>
internal static class SharedObjects<T>
    where T : IKubernetesObject<V1ObjectMeta>
{
    // Watchers of one change ask within moments: little has to be remembered. A power of two.
    private const int Places = 512;

    // Each place is one reference, replaced whole: threads that race decode twice at worst.
    private static readonly SharedObject<T>?[] Recent = new SharedObject<T>?[Places];

    /// <summary>The object that these very bytes were decoded to lately, or null.</summary>
    public static SharedObject<T>? Find(ReadOnlySpan<byte> json)
    {
        var found = Volatile.Read(ref Recent[PlaceOf(json)]);
        if (found is null || !json.SequenceEqual(found.Json))
        {
            return null;
        }
        SharedObjectAudit.Check(found);
        return found;
    }

    public static SharedObject<T> Read(ReadOnlySpan<byte> json)
    {
        if (Find(json) is { } found)
        {
            return found;
        }
        var value = ObjectJson.Read<T>(json);
        value.ApiVersion ??= TypedKind<T>.Kind.ApiVersion;
        value.Kind ??= TypedKind<T>.Kind.Kind;
        // Half of an object's memory, which no controller reads. A write without them leaves them as they are.
        value.Metadata.ManagedFields = null;
        var shared = new SharedObject<T>(json.ToArray(), value, value.Revision(), SharedObjectAudit.ImageOf(value));
        Volatile.Write(ref Recent[PlaceOf(json)], shared);
        return shared;
    }

    private static int PlaceOf(ReadOnlySpan<byte> json)
    {
        var hash = (ulong)json.Length;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(json))
        {
            hash = (hash ^ word) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 32;
        }
        return (int)(hash & (Places - 1));
    }
}

/// <summary>An object that is shared, and the bytes that it was decoded from.</summary>
/// <param name="Json">As it was sent.</param>
/// <param name="Value">What it says, without the managers of its fields.</param>
/// <param name="Revision">Its resourceVersion.</param>
/// <param name="Image">What <see cref="Value"/> said at first, when changes are looked for.</param>
internal sealed record SharedObject<T>(byte[] Json, T Value, ulong Revision, byte[]? Image);

/// <summary>Finds out who changes shared objects: for tests.</summary>
internal static class SharedObjectAudit
{
    /// <summary>Whether objects that are read on this thread are compared, each time, with what they were at first.</summary>
    [ThreadStatic]
    private static bool _enabled;

    public static void Enable(bool enabled) => _enabled = enabled;

    public static byte[]? ImageOf(object value) => _enabled ? ObjectJson.Write(value) : null;

    /// <exception cref="InvalidOperationException">Somebody has changed the object.</exception>
    public static void Check<T>(SharedObject<T> shared)
    {
        if (_enabled && shared is { Image: { } image, Value: { } value } && !image.AsSpan().SequenceEqual(ObjectJson.Write(value)))
        {
            throw new InvalidOperationException(
                $"A shared {typeof(T).Name} was changed: {System.Text.Encoding.UTF8.GetString(ObjectJson.Write(value))}"
            );
        }
    }
}
