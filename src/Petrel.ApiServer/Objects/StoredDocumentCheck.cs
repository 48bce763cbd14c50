using System.Text.Json;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Objects;

/// <summary>
/// Whether a stored value is an object that the server can serve: JSON, with a kind, and with metadata whose fields have their types. All
/// clients read metadata, so a wrong type there would stop the garbage collector and every cache of the kind.
/// </summary>
internal static class StoredDocumentCheck
{
    /// <summary>What is wrong with the value; null when nothing is.</summary>
    public static string? Problem(ReadOnlySpan<byte> stored)
    {
        try
        {
            return Read(stored);
        }
        catch (JsonException e)
        {
            return $"it is not JSON: {e.Message}";
        }
        catch (InvalidOperationException e)
        {
            // A string that is not UTF-8.
            return e.Message;
        }
    }

    private static string? Read(ReadOnlySpan<byte> stored)
    {
        var reader = new Utf8JsonReader(stored, DeepJson.Reader);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return "it is not an object";
        }
        bool hasKind = false,
            hasVersion = false,
            hasMetadata = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8) && !hasMetadata)
            {
                hasMetadata = true;
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                {
                    return "its metadata is not an object";
                }
                if (ReadMetadata(ref reader) is { } problem)
                {
                    return problem;
                }
                continue;
            }
            var (isKind, isVersion) = (reader.ValueTextEquals("kind"u8), reader.ValueTextEquals("apiVersion"u8));
            reader.Read();
            hasKind |= isKind && reader.TokenType == JsonTokenType.String;
            hasVersion |= isVersion && reader.TokenType == JsonTokenType.String;
            reader.Skip();
        }
        // What follows the object is refused by this read.
        reader.Read();
        return !hasMetadata ? "it has no metadata"
            : hasKind && hasVersion ? null
            : "it has no apiVersion and kind";
    }

    private static string? ReadMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = WantedType(ref reader);
            var name = wanted == JsonTokenType.None ? "" : reader.GetString();
            reader.Read();
            if (wanted == JsonTokenType.None)
            {
                reader.Skip();
                continue;
            }
            if (reader.TokenType != wanted)
            {
                return $"its metadata.{name} has the wrong type";
            }
            // The values of maps and the items of finalizers are strings, those of lists of references objects.
            var inner = wanted == JsonTokenType.StartObject || name == "finalizers" ? JsonTokenType.String : JsonTokenType.StartObject;
            if (!HasOnly(ref reader, inner))
            {
                return $"its metadata.{name} has a member of the wrong type";
            }
        }
        return null;
    }

    private static JsonTokenType WantedType(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("namespace"u8) || reader.ValueTextEquals("uid"u8) ? JsonTokenType.String
        : reader.ValueTextEquals("creationTimestamp"u8) || reader.ValueTextEquals("deletionTimestamp"u8) ? JsonTokenType.String
        : reader.ValueTextEquals("labels"u8) || reader.ValueTextEquals("annotations"u8) ? JsonTokenType.StartObject
        : reader.ValueTextEquals("finalizers"u8) || reader.ValueTextEquals("ownerReferences"u8) ? JsonTokenType.StartArray
        : JsonTokenType.None;

    private static bool HasOnly(ref Utf8JsonReader reader, JsonTokenType inner)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return true;
        }
        var end = reader.TokenType == JsonTokenType.StartObject ? JsonTokenType.EndObject : JsonTokenType.EndArray;
        var all = true;
        while (reader.Read() && reader.TokenType != end)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                all &= reader.TokenType == inner;
                reader.Skip();
            }
        }
        return all;
    }
}
