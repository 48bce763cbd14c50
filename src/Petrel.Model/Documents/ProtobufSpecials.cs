using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Documents;

/// <summary>Messages whose JSON form is not an object of their fields: quantities, times, int-or-string, raw JSON.</summary>
internal static class ProtobufSpecials
{
    // The range of years that RFC 3339 can represent, in seconds since 1970.
    private const long MinSeconds = -62135596800;
    private const long MaxSeconds = 253402300799;

    public static JsonNode? Read(ReadOnlySpan<byte> message, SchemaField field)
    {
        long first = 0,
            second = 0;
        var hasFirst = false;
        var bytes = ReadOnlySpan<byte>.Empty;
        string? text = null;
        var reader = new ProtobufReader(message);
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            switch (number, wire)
            {
                case (1, WireType.Varint):
                    first = unchecked((long)reader.Varint());
                    hasFirst = true;
                    break;
                case (2, WireType.Varint):
                    second = unchecked((long)reader.Varint());
                    break;
                case (1, WireType.Bytes) when field.Kind == FieldKind.Json:
                    bytes = reader.Bytes();
                    break;
                case (1 or 3, WireType.Bytes):
                    text = reader.Text();
                    break;
                default:
                    reader.Skip(wire);
                    break;
            }
        }
        return field.Kind switch
        {
            FieldKind.Quantity => QuantityText(text ?? "", field),
            // IntOrString: field 1 is the type (0 integer, 1 string), field 2 the integer, field 3 the string.
            FieldKind.IntOrString => first == 0 ? unchecked((int)second) : text ?? "",
            // A time without seconds is the zero time. JSON represents it as null, which counts as absent.
            FieldKind.Time or FieldKind.MicroTime => hasFirst ? Time(first, second, field) : null,
            FieldKind.Duration => GoDuration.Format(first),
            _ => Json(bytes, field),
        };
    }

    private static JsonNode QuantityText(string text, SchemaField field) =>
        text.Length == 0 ? "0"
        : Quantity.TryParse(text, out var quantity) ? quantity.ToString()
        : throw new ProtobufFormatException($"{field.Name}: \"{text}\" is not a quantity");

    private static JsonNode Time(long seconds, long nanoseconds, SchemaField field)
    {
        if (seconds is < MinSeconds or > MaxSeconds || nanoseconds is < 0 or > 999_999_999)
        {
            throw new ProtobufFormatException(
                string.Create(CultureInfo.InvariantCulture, $"{field.Name}: {seconds} s {nanoseconds} ns is not a time")
            );
        }
        var time = DateTime.UnixEpoch.AddSeconds(seconds).AddTicks(nanoseconds / 100);
        return field.Kind == FieldKind.Time ? time.ToTimestamp() : time.ToMicroTimestamp();
    }

    private static JsonNode? Json(ReadOnlySpan<byte> bytes, SchemaField field)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }
        try
        {
            return DocumentParser.ParseValue(bytes);
        }
        catch (DocumentFormatException e)
        {
            throw new ProtobufFormatException($"{field.Name}: {e.Message}");
        }
    }
}
