using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.OpenApi;

/// <summary>
/// Encodes an OpenAPI v2 document as the protobuf message openapi.v2.Document (gnostic's OpenAPIv2.proto), the only form that kubectl
/// before
/// 1.27 reads.
/// </summary>
internal static class SwaggerProtobuf
{
    // Members of a Schema with a plain value, and their numbers.
    private static readonly (string Name, int Number)[] SchemaTexts =
    [
        ("$ref", 1),
        ("format", 2),
        ("title", 3),
        ("description", 4),
        ("pattern", 13),
    ];
    private static readonly (string Name, int Number)[] SchemaNumbers = [("multipleOf", 6), ("maximum", 7), ("minimum", 9)];
    private static readonly (string Name, int Number)[] SchemaFlags =
    [
        ("exclusiveMaximum", 8),
        ("exclusiveMinimum", 10),
        ("uniqueItems", 16),
    ];

    private static readonly (string Name, int Number)[] SchemaLengths =
    [
        ("maxLength", 11),
        ("minLength", 12),
        ("maxItems", 14),
        ("minItems", 15),
        ("maxProperties", 17),
        ("minProperties", 18),
    ];

    private static readonly (string Name, int Number)[] Methods =
    [
        ("get", 2),
        ("put", 3),
        ("post", 4),
        ("delete", 5),
        ("options", 6),
        ("head", 7),
        ("patch", 8),
    ];

    public static byte[] Encode(JsonObject document)
    {
        var message = new Message();
        message.Text(1, document["swagger"]);
        var info = new Message();
        info.Text(1, document["info"]!["title"]);
        info.Text(2, document["info"]!["version"]);
        message.Nested(2, info);
        var paths = new Message();
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            paths.Nested(2, Named(path, PathItem(item!.AsObject())));
        }
        message.Nested(8, paths);
        message.Nested(9, Schemas(document["definitions"]!.AsObject()));
        return message.ToArray();
    }

    private static Message Named(string name, Message value)
    {
        var named = new Message();
        named.Text(1, name);
        named.Nested(2, value);
        return named;
    }

    private static Message PathItem(JsonObject item)
    {
        var message = new Message();
        foreach (var (name, number) in Methods)
        {
            if (item[name] is JsonObject operation)
            {
                message.Nested(number, Operation(operation));
            }
        }
        Parameters(message, 9, item);
        return message;
    }

    private static Message Operation(JsonObject operation)
    {
        var message = new Message();
        message.Texts(1, operation["tags"]);
        message.Text(5, operation["operationId"]);
        message.Texts(6, operation["produces"]);
        message.Texts(7, operation["consumes"]);
        Parameters(message, 8, operation);
        var responses = new Message();
        foreach (var (code, response) in operation["responses"]!.AsObject())
        {
            var value = new Message();
            value.Text(1, response!["description"]);
            if (response["schema"] is JsonObject schema)
            {
                value.Nested(2, One(1, Schema(schema)));
            }
            responses.Nested(1, Named(code, One(1, value)));
        }
        message.Nested(9, responses);
        message.Texts(10, operation["schemes"]);
        Extensions(message, 13, operation);
        return message;
    }

    private static void Parameters(Message message, int number, JsonObject owner)
    {
        foreach (var parameter in owner["parameters"]?.AsArray() ?? [])
        {
            message.Nested(number, One(1, Parameter(parameter!.AsObject())));
        }
    }

    // Parameter is a union of a body and the four other places, which are a union of their own.
    private static Message Parameter(JsonObject parameter)
    {
        var value = new Message();
        switch ((string)parameter["in"]!)
        {
            case "body":
                value.Text(2, parameter["name"]);
                value.Text(3, parameter["in"]);
                value.Flag(4, parameter["required"]);
                value.Nested(5, Schema(parameter["schema"]!.AsObject()));
                return One(1, value);
            case "path":
                NonBody(value, parameter, typeNumber: 5, uniqueNumber: 19);
                return One(2, One(4, value));
            default:
                NonBody(value, parameter, typeNumber: 6, uniqueNumber: 20);
                return One(2, One(3, value));
        }
    }

    private static void NonBody(Message value, JsonObject parameter, int typeNumber, int uniqueNumber)
    {
        value.Flag(1, parameter["required"]);
        value.Text(2, parameter["in"]);
        value.Text(3, parameter["description"]);
        value.Text(4, parameter["name"]);
        value.Text(typeNumber, parameter["type"]);
        value.Flag(uniqueNumber, parameter["uniqueItems"]);
    }

    private static Message Schemas(JsonObject schemas)
    {
        var message = new Message();
        foreach (var (name, schema) in schemas)
        {
            message.Nested(1, Named(name, Schema(schema!.AsObject())));
        }
        return message;
    }

    private static Message Schema(JsonObject schema)
    {
        var message = new Message();
        foreach (var (name, number) in SchemaTexts)
        {
            message.Text(number, schema[name]);
        }
        foreach (var (name, number) in SchemaNumbers)
        {
            message.Number(number, schema[name]);
        }
        foreach (var (name, number) in SchemaFlags)
        {
            message.Flag(number, schema[name]);
        }
        foreach (var (name, number) in SchemaLengths)
        {
            message.Integer(number, schema[name]);
        }
        if (schema["default"] is { } absent)
        {
            message.Nested(5, Any(absent));
        }
        message.Texts(19, schema["required"]);
        foreach (var choice in schema["enum"]?.AsArray() ?? [])
        {
            message.Nested(20, Any(choice));
        }
        if (schema["additionalProperties"] is { } additional)
        {
            var item = new Message();
            if (additional is JsonObject values)
            {
                item.Nested(1, Schema(values));
            }
            else
            {
                item.Flag(2, additional);
            }
            message.Nested(21, item);
        }
        if (schema["type"] is { } type)
        {
            var item = new Message();
            item.Text(1, type);
            message.Nested(22, item);
        }
        if (schema["items"] is JsonObject items)
        {
            message.Nested(23, One(1, Schema(items)));
        }
        if (schema["properties"] is JsonObject properties)
        {
            message.Nested(25, Schemas(properties));
        }
        Extensions(message, 31, schema);
        return message;
    }

    private static void Extensions(Message message, int number, JsonObject owner)
    {
        foreach (var (name, value) in owner)
        {
            if (name.StartsWith("x-", StringComparison.Ordinal))
            {
                message.Nested(number, Named(name, Any(value)));
            }
        }
    }

    // A value of any form is YAML text, and JSON is YAML.
    private static Message Any(JsonNode? value)
    {
        var any = new Message();
        any.Text(2, (value?.ToJsonString() ?? "null") + "\n");
        return any;
    }

    private static Message One(int number, Message value)
    {
        var message = new Message();
        message.Nested(number, value);
        return message;
    }

    /// <summary>A message being written; what is absent is not written.</summary>
    private sealed class Message
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        public void Text(int number, JsonNode? value)
        {
            if (value is not null)
            {
                Text(number, (string)value!);
            }
        }

        public void Text(int number, string value)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            Tag(number, 2);
            Varint((ulong)bytes.Length);
            _bytes.Write(bytes);
        }

        public void Texts(int number, JsonNode? values)
        {
            foreach (var value in values?.AsArray() ?? [])
            {
                Text(number, value);
            }
        }

        public void Flag(int number, JsonNode? value)
        {
            if (value is not null && (bool)value)
            {
                Tag(number, 0);
                Varint(1);
            }
        }

        public void Integer(int number, JsonNode? value)
        {
            if (value is not null)
            {
                Tag(number, 0);
                Varint((ulong)(long)value);
            }
        }

        public void Number(int number, JsonNode? value)
        {
            if (value is not null)
            {
                Tag(number, 1);
                _bytes.Write(BitConverter.GetBytes((double)value));
            }
        }

        public void Nested(int number, Message value)
        {
            Tag(number, 2);
            Varint((ulong)value._bytes.WrittenCount);
            _bytes.Write(value._bytes.WrittenSpan);
        }

        private void Tag(int number, int wireType) => Varint((ulong)((number << 3) | wireType));

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
            {
                Byte((byte)(value | 0x80));
            }
            Byte((byte)value);
        }

        private void Byte(byte value)
        {
            _bytes.GetSpan(1)[0] = value;
            _bytes.Advance(1);
        }
    }
}
