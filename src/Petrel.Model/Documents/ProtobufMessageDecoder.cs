using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Documents;

/// <summary>Decodes messages by their schema, up to a maximum depth and number of values.</summary>
internal sealed class ProtobufMessageDecoder(int maxDepth, int maxValues)
{
    private int _values;

    /// <summary>Reads a message's fields into <paramref name="target"/>.</summary>
    public void Read(ReadOnlySpan<byte> message, SchemaType type, JsonObject target, int depth)
    {
        if (depth > maxDepth)
        {
            throw new ProtobufFormatException($"the protobuf message is nested more than {maxDepth} deep");
        }
        var reader = new ProtobufReader(message);
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            if (type.Field(number) is { } field)
            {
                Field(ref reader, field, wire, target, depth);
            }
            else if (wire == WireType.Bytes && type.Embedded.FirstOrDefault(e => e.Number == number) is { } embedded)
            {
                Read(reader.Bytes(), embedded.Type, target, depth + 1);
            }
            else
            {
                reader.Skip(wire);
            }
        }
    }

    private void Field(ref ProtobufReader reader, SchemaField field, WireType wire, JsonObject target, int depth)
    {
        if (field.IsMap)
        {
            Expect(field, wire, WireType.Bytes);
            Entry(reader.Bytes(), field, target, depth);
        }
        else if (field.IsWrapped)
        {
            Expect(field, wire, WireType.Bytes);
            target[field.Name] = Items(reader.Bytes(), field, depth);
        }
        else if (field.IsList)
        {
            if (target[field.Name] is not JsonArray list)
            {
                target[field.Name] = list = [];
            }
            if (wire == WireType.Bytes && Wire(field.Kind) != WireType.Bytes)
            {
                var packed = new ProtobufReader(reader.Bytes());
                while (!packed.AtEnd)
                {
                    list.Add(Value(ref packed, field, Wire(field.Kind), null, depth));
                }
            }
            else
            {
                list.Add(Value(ref reader, field, wire, null, depth));
            }
        }
        else
        {
            var value = Value(ref reader, field, wire, target[field.Name] as JsonObject, depth);
            if (value is null || field.IsValue && !field.Required && IsZero(value))
            {
                target.Remove(field.Name);
            }
            else if (!ReferenceEquals(target[field.Name], value))
            {
                target[field.Name] = value;
            }
        }
    }

    private void Entry(ReadOnlySpan<byte> entry, SchemaField field, JsonObject target, int depth)
    {
        if (target[field.Name] is not JsonObject map)
        {
            target[field.Name] = map = [];
        }
        var key = "";
        JsonNode? value = null;
        var reader = new ProtobufReader(entry);
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            switch (number)
            {
                case 1 when wire == WireType.Bytes:
                    key = reader.Text();
                    break;
                case 2 when field.IsWrapped && wire == WireType.Bytes:
                    value = Items(reader.Bytes(), field, depth);
                    break;
                case 2:
                    value = Value(ref reader, field, wire, null, depth);
                    break;
                default:
                    reader.Skip(wire);
                    break;
            }
        }
        map[key] = value ?? (field.IsWrapped ? new JsonArray() : Default(field.Kind));
    }

    private JsonArray Items(ReadOnlySpan<byte> message, SchemaField field, int depth)
    {
        var items = new JsonArray();
        var reader = new ProtobufReader(message);
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number == 1)
            {
                items.Add(Value(ref reader, field, wire, null, depth));
            }
            else
            {
                reader.Skip(wire);
            }
        }
        return items;
    }

    // Protobuf merges a message that occurs twice. "current" is the first occurrence.
    private JsonNode? Value(ref ProtobufReader reader, SchemaField field, WireType wire, JsonObject? current, int depth)
    {
        if (++_values > maxValues)
        {
            throw new ProtobufFormatException($"the protobuf message has more than {maxValues} values");
        }
        Expect(field, wire, Wire(field.Kind));
        switch (field.Kind)
        {
            case FieldKind.String:
                return reader.Text();
            case FieldKind.Int32:
                return unchecked((int)reader.Varint());
            case FieldKind.Int64:
                return unchecked((long)reader.Varint());
            case FieldKind.Bool:
                return reader.Varint() != 0;
            case FieldKind.Double:
                var number = reader.Double();
                return double.IsFinite(number) ? number : throw new ProtobufFormatException($"{field.Name}: {number} has no JSON form");
            case FieldKind.Bytes:
                return Convert.ToBase64String(reader.Bytes());
            case FieldKind.Object:
                var target = current ?? [];
                Read(reader.Bytes(), field.Type!, target, depth + 1);
                return target;
            default:
                return ProtobufSpecials.Read(reader.Bytes(), field);
        }
    }

    private static JsonNode? Default(FieldKind kind) =>
        kind switch
        {
            FieldKind.Object => new JsonObject(),
            FieldKind.Int32 or FieldKind.Int64 or FieldKind.Double or FieldKind.IntOrString => 0,
            FieldKind.Bool => false,
            FieldKind.Quantity => "0",
            _ => "",
        };

    private static bool IsZero(JsonNode value) =>
        value switch
        {
            JsonObject members => members.Count == 0,
            JsonValue scalar when scalar.TryGetValue<string>(out var text) => text.Length == 0,
            JsonValue scalar when scalar.TryGetValue<bool>(out var flag) => !flag,
            JsonValue scalar => scalar.ToJsonString() == "0",
            _ => false,
        };

    private static WireType Wire(FieldKind kind) =>
        kind switch
        {
            FieldKind.Int32 or FieldKind.Int64 or FieldKind.Bool => WireType.Varint,
            FieldKind.Double => WireType.Fixed64,
            _ => WireType.Bytes,
        };

    private static void Expect(SchemaField field, WireType actual, WireType expected)
    {
        if (actual != expected)
        {
            throw new ProtobufFormatException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"protobuf field {field.Number} ({field.Name}): wire type {(int)actual}, expected {(int)expected}"
                )
            );
        }
    }
}
