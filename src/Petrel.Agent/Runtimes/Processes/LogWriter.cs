using System.Text;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>
/// Writes a program's output as a log in the CRI's format, <c>TIME STREAM F|P TEXT</c>: a line that is longer than the buffer is written in
/// parts. An unterminated last line is written as well.
/// </summary>
internal sealed class LogWriter(Stream log, TimeProvider time)
{
    private const int PartSize = 16 * 1024;
    private readonly Lock _lock = new();

    /// <summary>Copies one of the program's streams to the log until the stream ends.</summary>
    public async Task CopyAsync(Stream source, string stream)
    {
        var buffer = new byte[PartSize];
        var used = 0;
        var inPart = false;
        int count;
        while ((count = await source.ReadAsync(buffer.AsMemory(used))) > 0)
        {
            used += count;
            var start = 0;
            int length;
            while ((length = buffer.AsSpan(start, used - start).IndexOf((byte)'\n')) >= 0)
            {
                Write(stream, 'F', buffer.AsSpan(start, length));
                start += length + 1;
                inPart = false;
            }
            if (start == 0 && used == buffer.Length)
            {
                Write(stream, 'P', buffer);
                start = used;
                inPart = true;
            }
            buffer.AsSpan(start, used - start).CopyTo(buffer);
            used -= start;
        }
        if (used > 0 || inPart)
        {
            Write(stream, 'F', buffer.AsSpan(0, used));
        }
    }

    private void Write(string stream, char tag, ReadOnlySpan<byte> text)
    {
        var head = Encoding.ASCII.GetBytes($"{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'} {stream} {tag} ");
        byte[] line = [.. head, .. text, (byte)'\n'];
        lock (_lock)
        {
            try
            {
                log.Write(line);
            }
            catch (IOException)
            {
                // The disk is full. The output is lost, but the program continues.
            }
        }
    }
}
