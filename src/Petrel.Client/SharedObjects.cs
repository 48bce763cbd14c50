using System.Runtime.InteropServices;
using k8s;
using k8s.Models;

namespace Petrel.Client;

/// <summary>
/// Recently decoded objects, keyed by their JSON. All caches of a process (in a simulation: of a whole cluster) that receive the same bytes
/// hold the same object, which is decoded once. All bytes are compared, so that the result never depends on what other caches have read.
/// These objects are shared and must not be changed.
/// </summary>
internal static class SharedObjects<T>
    where T : IKubernetesObject<V1ObjectMeta>
{
    // All watchers of a change decode it at nearly the same time, so few entries are needed. Must be a power of two.
    private const int Places = 512;

    // Each entry is one reference that is replaced atomically. Racing threads decode an object twice at worst.
    private static readonly SharedObject<T>?[] Recent = new SharedObject<T>?[Places];

    /// <summary>The object that was recently decoded from exactly these bytes, or null.</summary>
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
        // managedFields take half of an object's memory, and no controller reads them. A write that omits them leaves them unchanged.
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

/// <summary>A shared object, and the bytes that it was decoded from.</summary>
/// <param name="Json">The JSON as the server sent it.</param>
/// <param name="Value">The decoded object, without managedFields.</param>
/// <param name="Revision">Its resourceVersion.</param>
/// <param name="Image">The JSON of <see cref="Value"/> right after decoding, when the audit is enabled.</param>
internal sealed record SharedObject<T>(byte[] Json, T Value, ulong Revision, byte[]? Image);

/// <summary>Detects changes to shared objects, for tests.</summary>
internal static class SharedObjectAudit
{
    /// <summary>Whether every read on this thread compares the shared object with its state right after decoding.</summary>
    [ThreadStatic]
    private static bool _enabled;

    public static void Enable(bool enabled) => _enabled = enabled;

    public static byte[]? ImageOf(object value) => _enabled ? ObjectJson.Write(value) : null;

    /// <exception cref="InvalidOperationException">The shared object was changed.</exception>
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
