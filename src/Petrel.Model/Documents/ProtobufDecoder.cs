using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Documents;

/// <summary>
/// Decodes <c>application/vnd.kubernetes.protobuf</c> bodies of the built-in kinds into documents: the magic <c>k8s\0</c>, then a
/// <c>runtime.Unknown</c> that names the kind and contains its message. The schema table drives it. Unknown fields are skipped, as protobuf
/// requires. Zero values are omitted where zero means unset, as in JSON.
/// </summary>
public static class ProtobufDecoder
{
    public const string ContentType = "application/vnd.kubernetes.protobuf";

    private const int MaxDepth = 64;

    // A field of two bytes can become a much longer JSON value. This limit bounds the cost of a body of the allowed size.
    private const int MaxValues = 1_000_000;

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Returns the document, with apiVersion and kind.</summary>
    /// <exception cref="ProtobufFormatException">The body is malformed, too deep, or of a kind that has no protobuf form here.</exception>
    public static JsonObject Decode(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw new ProtobufFormatException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }
        string apiVersion = "",
            kind = "",
            encoding = "";
        var raw = ReadOnlySpan<byte>.Empty;
        var envelope = new ProtobufReader(body[Magic.Length..]);
        while (!envelope.AtEnd)
        {
            var (number, wire) = envelope.Tag();
            switch (number, wire)
            {
                case (1, WireType.Bytes):
                    (apiVersion, kind) = TypeMeta(envelope.Bytes());
                    break;
                case (2, WireType.Bytes):
                    raw = envelope.Bytes();
                    break;
                case (3, WireType.Bytes):
                    encoding = envelope.Text();
                    break;
                default:
                    envelope.Skip(wire);
                    break;
            }
        }
        if (encoding.Length > 0)
        {
            throw new ProtobufFormatException($"content encoding \"{encoding}\" of a protobuf message is not supported");
        }
        var type = KubernetesSchemas.ForKind(GroupVersionKind.From(apiVersion, kind))
            ?? throw new ProtobufFormatException($"no kind \"{kind}\" in version \"{apiVersion}\" has a protobuf form here: send JSON");
        var document = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind };
        var message = new ProtobufMessageDecoder(MaxDepth, MaxValues);
        message.Read(raw, type, document, 0);
        return document;
    }

    private static (string ApiVersion, string Kind) TypeMeta(ReadOnlySpan<byte> message)
    {
        string apiVersion = "",
            kind = "";
        var reader = new ProtobufReader(message);
        while (!reader.AtEnd)
        {
            switch (reader.Tag())
            {
                case (1, WireType.Bytes):
                    apiVersion = reader.Text();
                    break;
                case (2, WireType.Bytes):
                    kind = reader.Text();
                    break;
                case var (_, wire):
                    reader.Skip(wire);
                    break;
            }
        }
        return (apiVersion, kind);
    }
}
