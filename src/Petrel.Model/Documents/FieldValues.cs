using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Documents;

/// <summary>Scalar field values: the values that each kind accepts, and their canonical form.</summary>
internal static class FieldValues
{
    public static string Expected(FieldKind kind) =>
        kind switch
        {
            FieldKind.Int32 => "a 32-bit integer",
            FieldKind.Int64 => "a 64-bit integer",
            FieldKind.Bool => "a boolean",
            FieldKind.Double => "a number",
            FieldKind.Bytes => "base64 text",
            FieldKind.Quantity => "a quantity (a string such as \"500m\" or \"1Gi\", or a number)",
            FieldKind.IntOrString => "an integer or a string",
            FieldKind.Time => "a time such as \"2006-01-02T15:04:05Z\"",
            FieldKind.MicroTime => "a time such as \"2006-01-02T15:04:05.000000Z\"",
            FieldKind.Duration => "a duration such as \"1h0m0s\"",
            FieldKind.Object => "an object",
            _ => "a string",
        };

    /// <summary>Describes a value for messages: its type, and the value itself unless it is confidential.</summary>
    public static string Describe(JsonNode value, bool confidential)
    {
        var text = value.ToJsonString();
        var shown =
            confidential ? SchemaType.Redacted
            : text.Length > 64 ? text[..64] + "…"
            : text;
        return value.GetValueKind() switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.String => $"the string {shown}",
            JsonValueKind.Number => $"the number {shown}",
            _ => $"the boolean {shown}",
        };
    }

    /// <summary>The canonical value, which is the value itself if it is canonical; null when it is of the wrong type.</summary>
    public static JsonNode? Canonical(JsonValue value, FieldKind kind) =>
        value.GetValueKind() switch
        {
            JsonValueKind.String => FromText(value, value.GetValue<string>(), kind),
            JsonValueKind.Number => FromNumber(value, kind),
            _ => kind == FieldKind.Bool ? value : null,
        };

    /// <summary>Where text ceases to be base64, as Go counts it: the first character that may not be there, or the end.</summary>
    public static int IllegalBase64At(string text)
    {
        var (count, padding) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or '\r')
            {
                continue;
            }
            var isPadding = text[i] == '=';
            if (isPadding ? count % 4 < 2 : padding > 0 || !(char.IsAsciiLetterOrDigit(text[i]) || text[i] is '+' or '/'))
            {
                return i;
            }
            count++;
            padding += isPadding ? 1 : 0;
        }
        return text.Length;
    }

    private static JsonNode? FromText(JsonValue value, string text, FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.String or FieldKind.IntOrString or FieldKind.Duration:
                return value;
            case FieldKind.Bytes:
                // Go skips line breaks inside base64.
                var compact = text.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
                return System.Buffers.Text.Base64.IsValid(compact) && !compact.AsSpan().ContainsAny(' ', '\t')
                    ? Same(value, text, compact)
                    : null;
            case FieldKind.Quantity:
                return Quantity.TryParse(text, out var quantity) ? Same(value, text, quantity.ToString()) : null;
            case FieldKind.Time:
                return TryTime(text, out var time) ? Same(value, text, time.ToTimestamp()) : null;
            case FieldKind.MicroTime:
                return TryTime(text, out var micro) ? Same(value, text, micro.ToMicroTimestamp()) : null;
            default:
                return null;
        }
    }

    private static JsonNode? FromNumber(JsonValue value, FieldKind kind)
    {
        var text = value.ToJsonString();
        return kind switch
        {
            FieldKind.Int32 or FieldKind.IntOrString => int.TryParse(
                text,
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out var small
            )
                ? Same(value, text, small)
                : null,
            FieldKind.Int64 => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large)
                ? Same(value, text, large)
                : null,
            FieldKind.Double => value,
            FieldKind.Quantity => Quantity.TryParse(text, out var quantity) ? quantity.ToString() : null,
            _ => null,
        };
    }

    private static JsonNode Same(JsonValue value, string text, string canonical) => text == canonical ? value : canonical;

    // Negative zero is the only integer that can be written in two ways.
    private static JsonNode Same(JsonValue value, string text, long canonical) => text == "-0" ? canonical : value;

    private static bool TryTime(string text, out DateTime time)
    {
        time = default;
        // RFC 3339 requires the T and a zone; .NET alone would accept other forms.
        if (
            text.Length < 20
            || text[10] != 'T'
            || !(text[^1] == 'Z' || text[^6] is '+' or '-')
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed)
        )
        {
            return false;
        }
        time = parsed.UtcDateTime;
        return true;
    }
}
