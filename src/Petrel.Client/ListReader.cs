using System.Text.Json;
using k8s;
using k8s.Models;
using Petrel.Model.Documents;

namespace Petrel.Client;

/// <summary>Reads a list of objects item by item, without an intermediate representation of the whole list.</summary>
internal static class ListReader
{
    /// <summary>The items, and the list's resourceVersion.</summary>
    public static (IReadOnlyList<T> Items, ulong Revision) Read<T>(ReadOnlySpan<byte> list, bool shared)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var items = new List<T>();
        var revision = 0UL;
        var reader = new Utf8JsonReader(list, DeepJson.Reader);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                revision = ReadRevision(ref reader);
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                ReadItems(ref reader, list, items, shared);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return (items, revision);
    }

    private static ulong ReadRevision(ref Utf8JsonReader reader)
    {
        var revision = 0UL;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRevision = reader.ValueTextEquals("resourceVersion"u8);
            reader.Read();
            if (isRevision)
            {
                revision = ObjectExtensions.ParseRevision(reader.GetString()!);
            }
            reader.Skip();
        }
        return revision;
    }

    private static void ReadItems<T>(ref Utf8JsonReader reader, ReadOnlySpan<byte> list, List<T> items, bool shared)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        reader.Read();
        while (reader.TokenType != JsonTokenType.Null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var item = list[start..(int)reader.BytesConsumed];
            items.Add(shared ? SharedObjects<T>.Read(item).Value : ReadOwn<T>(item));
        }
    }

    private static T ReadOwn<T>(ReadOnlySpan<byte> item)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var value = ObjectJson.Read<T>(item);
        value.ApiVersion ??= TypedKind<T>.Kind.ApiVersion;
        value.Kind ??= TypedKind<T>.Kind.Kind;
        return value;
    }
}
