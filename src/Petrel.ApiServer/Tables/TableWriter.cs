using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tables;

/// <summary>Writes objects as a meta.k8s.io/v1 Table: one row each, with the cells that <c>kubectl get</c> prints.</summary>
public static class TableWriter
{
    // Rows come from objects that were valid when they were stored.
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>A table of objects, each given as its final JSON.</summary>
    public static ReadOnlyMemory<byte> Write(KindDefinition kind, IEnumerable<ReadOnlyMemory<byte>> objects, TableOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        Write(buffer, kind, objects, options);
        return buffer.WrittenMemory;
    }

    /// <inheritdoc cref="Write(KindDefinition, IEnumerable{ReadOnlyMemory{byte}}, TableOptions)"/>
    public static void Write(
        IBufferWriter<byte> output,
        KindDefinition kind,
        IEnumerable<ReadOnlyMemory<byte>> objects,
        TableOptions options
    )
    {
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Table"u8);
        writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
        Metadata(writer, options);
        Columns(writer, kind, options);
        writer.WriteStartArray("rows"u8);
        foreach (var value in objects)
        {
            using var document = DeepJson.Document(value);
            Row(writer, kind, document.RootElement, value.Span, options);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Metadata(Utf8JsonWriter writer, TableOptions options)
    {
        writer.WriteStartObject("metadata"u8);
        if (options.ResourceVersion.Length > 0)
        {
            writer.WriteString("resourceVersion"u8, options.ResourceVersion);
        }
        if (options.Continue.Length > 0)
        {
            writer.WriteString("continue"u8, options.Continue);
        }
        if (options.RemainingItemCount is { } remaining)
        {
            writer.WriteNumber("remainingItemCount"u8, remaining);
        }
        writer.WriteEndObject();
    }

    private static void Columns(Utf8JsonWriter writer, KindDefinition kind, TableOptions options)
    {
        if (!options.WithColumns)
        {
            writer.WriteNull("columnDefinitions"u8);
            return;
        }
        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var column in kind.Columns)
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
    }

    private static void Row(Utf8JsonWriter writer, KindDefinition kind, JsonElement value, ReadOnlySpan<byte> json, TableOptions options)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var column in kind.Columns)
        {
            Cell(writer, column.Value(value, options.Now));
        }
        writer.WriteEndArray();
        switch (options.IncludeObject)
        {
            case IncludeObject.Object:
                writer.WritePropertyName("object"u8);
                writer.WriteRawValue(json, skipInputValidation: true);
                break;
            case IncludeObject.Metadata:
                writer.WriteStartObject("object"u8);
                writer.WriteString("kind"u8, "PartialObjectMetadata"u8);
                writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
                writer.WritePropertyName("metadata"u8);
                value.GetProperty("metadata"u8).WriteTo(writer);
                writer.WriteEndObject();
                break;
        }
        writer.WriteEndObject();
    }

    private static void Cell(Utf8JsonWriter writer, object? cell)
    {
        switch (cell)
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
                writer.WriteStringValue(cell.ToString());
                break;
        }
    }
}
