using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Objects;

/// <summary>
/// The stored form of objects: JSON with apiVersion, kind and metadata first, and without resourceVersion (which <see cref="WireObject"/>
/// adds).
/// </summary>
internal static class StoredDocument
{
    public static ReadOnlyMemory<byte> Encode(JsonObject document) => JsonScratch.Write(document, Write);

    private static void Write(JsonObject document, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, document.Text("apiVersion"));
        writer.WriteString("kind"u8, document.Text("kind"));
        writer.WriteStartObject("metadata"u8);
        foreach (var (name, value) in document.Metadata())
        {
            if (name is not ("resourceVersion" or "selfLink") && value is not null)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }
        }
        writer.WriteEndObject();
        foreach (var (name, value) in document)
        {
            if (name is not ("apiVersion" or "kind" or "metadata") && value is not null)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }
        }
        writer.WriteEndObject();
    }

    /// <summary>A document of any version of its kind in its stored form. The document is not changed.</summary>
    public static ReadOnlyMemory<byte> Encode(JsonObject document, KindDefinition kind) =>
        Encode(kind.ToStorage is { } convert ? convert(document.DeepClone().AsObject()) : document);

    /// <summary>The stored document as clients of a version see it, with its resourceVersion.</summary>
    public static JsonObject Decode(StoreEntry entry, KindDefinition kind)
    {
        var document = DeepJson.Node(entry.Value.Span)!.AsObject();
        document = kind.FromStorage is { } convert ? convert(document) : document;
        document.Metadata()["resourceVersion"] = entry.ModRevision.ToString();
        return document;
    }

    /// <summary>What can be said of an object whose stored value can't be read.</summary>
    public static JsonObject Named(KindDefinition kind, ObjectKey key, long revision)
    {
        var metadata = new JsonObject { ["name"] = key.Name, ["resourceVersion"] = revision.ToString() };
        if (key.Namespace.Length > 0)
        {
            metadata["namespace"] = key.Namespace;
        }
        return new()
        {
            ["apiVersion"] = kind.Gvk.ApiVersion,
            ["kind"] = kind.Gvk.Kind,
            ["metadata"] = metadata,
        };
    }

    /// <summary>The document as it is stored, with its resourceVersion.</summary>
    public static JsonObject Decode(StoreEntry entry)
    {
        var document = DeepJson.Node(entry.Value.Span)!.AsObject();
        document.Metadata()["resourceVersion"] = entry.ModRevision.ToString();
        return document;
    }

    public static WireObject Wire(KindDefinition kind, StoreEntry entry) =>
        new(kind, entry.Key[kind.StorePrefix.Length..], entry.Value, entry.ModRevision);
}
