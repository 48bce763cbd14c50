using System.Buffers;
using System.Text.Json;

namespace Petrel.Model.Documents;

/// <summary>
/// A writer over a buffer that the thread keeps, for documents that are written whole and at once: what is written is copied out, and
/// nothing else is allocated.
/// </summary>
public static class JsonScratch
{
    // A thread does not keep more than this for ever.
    private const int MostKept = 256 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>The bytes that <paramref name="write"/> writes; it may not ask for others meanwhile.</summary>
    public static byte[] Write<T>(T document, Action<T, Utf8JsonWriter> write)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4096);
        var writer = _writer ??= new Utf8JsonWriter(buffer, JsonBytes.Options);
        try
        {
            write(document, writer);
            writer.Flush();
            return buffer.WrittenSpan.ToArray();
        }
        finally
        {
            if (buffer.Capacity > MostKept)
            {
                (_buffer, _writer) = (null, null);
            }
            else
            {
                buffer.ResetWrittenCount();
                writer.Reset(buffer);
            }
        }
    }
}
