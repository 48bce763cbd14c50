using System.Buffers.Binary;
using System.Text;

namespace Petrel.Model.Documents;

/// <summary>The wire type of a protobuf field.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>Reads the wire format of one protobuf message, never beyond its end.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = message;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>The next field's number and type.</summary>
    public (int Number, WireType Wire) Tag()
    {
        var tag = Varint();
        var wire = (WireType)(tag & 7);
        if (tag >> 3 is 0 or > 0x1FFFFFFF)
        {
            throw new ProtobufFormatException($"illegal protobuf field number {tag >> 3}");
        }
        return wire is WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32
            ? ((int)(tag >> 3), wire)
            : throw new ProtobufFormatException($"illegal protobuf wire type {(int)wire} of field {tag >> 3}");
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
        throw new ProtobufFormatException("a protobuf varint is longer than 64 bits");
    }

    public ReadOnlySpan<byte> Bytes()
    {
        var length = Varint();
        return length <= (ulong)_rest.Length
            ? Take((int)length)
            : throw new ProtobufFormatException(
                $"a protobuf field of {length} bytes ends after the message, which has {_rest.Length} left"
            );
    }

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    public string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes());
        }
        catch (DecoderFallbackException)
        {
            throw new ProtobufFormatException("a protobuf string is not UTF-8");
        }
    }

    public void Skip(WireType wire)
    {
        switch (wire)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Bytes:
                Bytes();
                break;
            default:
                Take(wire == WireType.Fixed64 ? 8 : 4);
                break;
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new ProtobufFormatException("the protobuf message ends in the middle of a field");
        }
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
