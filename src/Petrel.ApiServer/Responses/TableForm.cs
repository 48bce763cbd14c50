using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;

namespace Petrel.ApiServer.Responses;

/// <summary>Objects as rows of a meta/v1 Table, which is what <c>kubectl get</c> shows.</summary>
internal static class TableForm
{
    /// <param name="request">Names the kind; <c>includeObject</c> says how much of each object comes with its row.</param>
    /// <param name="items">The rows.</param>
    /// <param name="metadata">The list's metadata.</param>
    /// <param name="now">What ages count to.</param>
    /// <param name="withColumns">Whether the columns are described; in a watch only once.</param>
    public static ReadOnlyMemory<byte> Of(
        ResourceRequest request, IReadOnlyList<WireObject> items, JsonObject metadata, DateTimeOffset now, bool withColumns = true)
    {
        var include = request.Http.QueryValue("includeObject") is { Length: > 0 } asked ? asked : "Metadata";
        if (include is not ("None" or "Metadata" or "Object"))
        {
            throw StatusErrors.BadRequest($"unrecognized includeObject value: \"{include}\"");
        }
        var columns = request.Kind.Columns;
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, JsonBytes.Options);
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Table"u8);
        writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
        writer.WritePropertyName("metadata"u8);
        metadata.WriteTo(writer);
        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var column in withColumns ? columns : [])
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, column.Name);
            writer.WriteString("type"u8, column.Type);
            writer.WriteString("format"u8, column.Format);
            writer.WriteString("description"u8, column.Description);
            writer.WriteNumber("priority"u8, column.Priority);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("rows"u8);
        foreach (var item in items)
        {
            using var document = item.Parse();
            writer.WriteStartObject();
            writer.WriteStartArray("cells"u8);
            foreach (var column in columns)
            {
                Cell(writer, column.Value(document.RootElement, now));
            }
            writer.WriteEndArray();
            if (include != "None")
            {
                writer.WritePropertyName("object"u8);
                writer.WriteRawValue(include == "Object" ? item.ToArray() : MetadataForm.Of(item), skipInputValidation: true);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void Cell(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            default:
                writer.WriteStringValue(value.ToString());
                break;
        }
    }
}
