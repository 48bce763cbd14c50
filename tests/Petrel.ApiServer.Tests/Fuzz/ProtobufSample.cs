using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Writes documents in Kubernetes' protobuf, as far as samples need it.</summary>
internal static class ProtobufSample
{
    /// <summary>A whole body: the magic, and runtime.Unknown with the type and the object.</summary>
    public static byte[] Body(JsonObject document, KindDefinition kind) =>
        [
            .. "k8s\0"u8,
            .. Field(1, [.. Field(1, Encoding.UTF8.GetBytes(kind.Gvk.ApiVersion)), .. Field(2, Encoding.UTF8.GetBytes(kind.Gvk.Kind))]),
            .. Field(2, Message(document, kind.Schema)),
        ];

    private static byte[] Message(JsonObject document, SchemaType type)
    {
        var bytes = new List<byte>();
        foreach (var field in type.Fields.Where(f => f.Number != 0 && document[f.Name] is not null))
        {
            bytes.AddRange(Value(field, document[field.Name]!));
        }
        foreach (var embedded in type.Embedded)
        {
            bytes.AddRange(Field(embedded.Number, Message(document, embedded.Type)));
        }
        return [.. bytes];
    }

    private static byte[] Value(SchemaField field, JsonNode value)
    {
        if (field.IsMap)
        {
            return
            [
                .. value
                    .AsObject()
                    .SelectMany(member =>
                        Field(
                            field.Number,
                            [
                                .. Field(1, Encoding.UTF8.GetBytes(member.Key)),
                                .. field.IsWrapped ? Field(2, Items(field, member.Value!)) : Item(field, 2, member.Value),
                            ]
                        )
                    ),
            ];
        }
        if (field.IsWrapped)
        {
            return Field(field.Number, Items(field, value));
        }
        return field.IsList ? [.. value.AsArray().SelectMany(item => Item(field, field.Number, item))] : Item(field, field.Number, value);
    }

    private static byte[] Items(SchemaField field, JsonNode list) => [.. list.AsArray().SelectMany(item => Item(field, 1, item))];

    private static byte[] Item(SchemaField field, int number, JsonNode? value) =>
        field.Kind switch
        {
            FieldKind.Object => Field(number, Message(value!.AsObject(), field.Type!)),
            FieldKind.Int32 or FieldKind.Int64 => Number(number, (long)value!),
            FieldKind.Bool => Number(number, (bool)value! ? 1 : 0),
            FieldKind.Double => [.. Varint(number << 3 | 1), .. BitConverter.GetBytes((double)value!)],
            FieldKind.Bytes => Field(number, Convert.FromBase64String((string)value!)),
            FieldKind.IntOrString => Field(
                number,
                value!.GetValueKind() == JsonValueKind.Number
                    ? [.. Number(1, 0), .. Number(2, (long)value)]
                    : [.. Number(1, 1), .. Field(3, Encoding.UTF8.GetBytes((string)value!))]
            ),
            FieldKind.Time or FieldKind.MicroTime => Field(
                number,
                Number(1, DateTimeOffset.Parse((string)value!, CultureInfo.InvariantCulture).ToUnixTimeSeconds())
            ),
            FieldKind.Duration => Field(number, Number(1, 60_000_000_000)),
            FieldKind.Json => Field(number, Field(1, Mutator.Utf8(value!))),
            FieldKind.Quantity => Field(number, Field(1, Encoding.UTF8.GetBytes((string)value!))),
            _ => Field(number, Encoding.UTF8.GetBytes((string)value!)),
        };

    private static byte[] Field(int number, byte[] content) => [.. Varint(number << 3 | 2), .. Varint(content.Length), .. content];

    private static byte[] Number(int number, long value) => [.. Varint(number << 3), .. Varint(value)];

    private static List<byte> Varint(long value)
    {
        var bytes = new List<byte>();
        var rest = unchecked((ulong)value);
        for (; rest > 127; rest >>= 7)
        {
            bytes.Add((byte)(rest | 128));
        }
        bytes.Add((byte)rest);
        return bytes;
    }
}
