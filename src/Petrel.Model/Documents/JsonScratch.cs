using System.Buffers;
using System.Text.Json;

namespace Petrel.Model.Documents;

/// <summary>
/// A JSON writer over a buffer that each thread reuses, for documents that are written in one call. Only the resulting array is allocated.
/// </summary>
public static class JsonScratch
{
    // The largest buffer that a thread keeps, in bytes, so that one large document does not hold memory forever.
    private const int MostKept = 256 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>
    /// Returns the bytes that <paramref name="write"/> writes. <paramref name="write"/> must not call this method, because the buffer is in
    /// use.
    /// </summary>
    public static byte[] Write<T>(T document, Action<T, Utf8JsonWriter> write) =>
        Write(document, write, static written => written.ToArray());

    /// <summary>
    /// Returns what <paramref name="read"/> makes of the bytes that <paramref name="write"/> writes. Neither may call this method, because
    /// the buffer is in use.
    /// </summary>
    public static TResult Write<T, TResult>(T document, Action<T, Utf8JsonWriter> write, Func<ReadOnlySpan<byte>, TResult> read)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4096);
        var writer = _writer ??= new Utf8JsonWriter(buffer, JsonBytes.Options);
        try
        {
            write(document, writer);
            writer.Flush();
            return read(buffer.WrittenSpan);
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
