using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Petrel.Agent.Files;

namespace Petrel.Agent.Logs;

/// <summary>
/// Reads a container's log in the CRI's format: <c>TIME STREAM F|P TEXT</c> per line, where P marks a partial line that continues on the
/// next one.
/// </summary>
public static class ContainerLog
{
    private const int ChunkSize = 32 * 1024;
    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Reads the text of a log in chunks of whole lines. When following, it stops at the end of the file once <paramref name="hasEnded"/>
    /// returns true. <paramref name="hasEnded"/> is called before each read, so that the last lines are not missed.
    /// </summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        string path,
        LogOptions options,
        Func<CancellationToken, ValueTask<bool>> hasEnded,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using var file = Open(path);
        if (options.TailLines is { } tail)
        {
            file.Position = TailStart(file, tail);
        }
        var left = options.LimitBytes ?? long.MaxValue;
        var pending = new MemoryStream();
        var output = new MemoryStream();
        var buffer = new byte[ChunkSize];
        var startsLine = true;
        while (left > 0)
        {
            var ended = !options.Follow || await hasEnded(cancellationToken);
            int count;
            while (left > 0 && (count = await file.ReadAsync(buffer, cancellationToken)) > 0)
            {
                pending.Write(buffer, 0, count);
                startsLine = Convert(pending, output, options, startsLine);
                if (output.Length > 0)
                {
                    var chunk = output.ToArray();
                    output.SetLength(0);
                    yield return chunk.AsMemory(0, (int)Math.Min(chunk.Length, left));
                    left -= chunk.Length;
                }
            }
            if (ended)
            {
                yield break;
            }
            await Task.Delay(FollowInterval, time, cancellationToken);
        }
    }

    /// <summary>The text of the last lines of a log, at most <paramref name="bytes"/> bytes from its end. Reads a bounded part.</summary>
    public static byte[] ReadEnd(string path, int lines, int bytes)
    {
        using var file = Open(path);
        var start = Math.Max(0, file.Length - bytes - (lines * ChunkSize));
        file.Position = start;
        using var pending = new MemoryStream();
        using var output = new MemoryStream();
        file.CopyTo(pending);
        if (start > 0)
        {
            // The part begins within a line.
            var rest = pending.ToArray();
            pending.SetLength(0);
            pending.Write(rest.AsSpan(rest.AsSpan().IndexOf((byte)'\n') + 1));
        }
        Convert(pending, output, new(), startsLine: true);
        ReadOnlySpan<byte> text = output.ToArray();
        var end = text.Length - 1; // The last line ends here.
        for (; lines > 0 && end > 0; lines--)
        {
            end = text[..end].LastIndexOf((byte)'\n');
        }
        return text[Math.Max(end < 0 ? 0 : end + (lines == 0 ? 1 : 0), text.Length - bytes)..].ToArray();
    }

    // A log is at NS_NAME_UID/CONTAINER/ATTEMPT.log. No link in that part is followed: a pod that mounts the node's log directory could
    // otherwise have any file of the node read as its log.
    private static FileStream Open(string path)
    {
        var root = path;
        for (var level = 0; level < 3 && Path.GetDirectoryName(root) is { } parent; level++)
        {
            root = parent;
        }
        using var logs = ConfinedDirectory.Open(root);
        return logs.TryOpenFile(Path.GetRelativePath(root, path)) ?? throw new FileNotFoundException($"there is no log {path}", path);
    }

    // Moves all whole lines from pending to output. Returns whether the next text begins a line.
    private static bool Convert(MemoryStream pending, MemoryStream output, LogOptions options, bool startsLine)
    {
        var bytes = pending.GetBuffer().AsSpan(0, (int)pending.Length);
        var start = 0;
        int length;
        while ((length = bytes[start..].IndexOf((byte)'\n')) >= 0)
        {
            var line = bytes.Slice(start, length);
            start += length + 1;
            if (!TryParse(line, out var stamp, out var text, out var whole))
            {
                // A power cut can leave an incomplete line. Show it unchanged.
                output.Write(line);
                output.WriteByte((byte)'\n');
                startsLine = true;
                continue;
            }
            if (options.Since is { } since && Parse(stamp) < since)
            {
                continue;
            }
            if (options.Timestamps && startsLine)
            {
                Write(stamp, output);
                output.WriteByte((byte)' ');
            }
            output.Write(text);
            if (whole)
            {
                output.WriteByte((byte)'\n');
            }
            startsLine = whole;
        }
        var rest = bytes[start..].ToArray();
        pending.SetLength(0);
        pending.Write(rest);
        return startsLine;
    }

    // conmon writes the offset of UTC as +00:00, the API shows it as Z.
    private static void Write(ReadOnlySpan<byte> stamp, MemoryStream output)
    {
        if (stamp.EndsWith("+00:00"u8))
        {
            output.Write(stamp[..^6]);
            output.WriteByte((byte)'Z');
        }
        else
        {
            output.Write(stamp);
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> stamp, out ReadOnlySpan<byte> text, out bool whole)
    {
        stamp = text = default;
        whole = true;
        var first = line.IndexOf((byte)' ');
        var second = first < 0 ? -1 : line[(first + 1)..].IndexOf((byte)' ');
        if (second < 0)
        {
            return false;
        }
        var tag = line[(first + second + 2)..];
        if (tag.Length < 1 || tag[0] is not ((byte)'F' or (byte)'P'))
        {
            return false;
        }
        stamp = line[..first];
        text = tag.Length > 2 ? tag[2..] : default;
        whole = tag[0] == 'F';
        return true;
    }

    private static DateTimeOffset Parse(ReadOnlySpan<byte> stamp) =>
        DateTimeOffset.TryParse(Encoding.ASCII.GetString(stamp), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : DateTimeOffset.MaxValue;

    // The file position at which the last N lines begin. Reads the file backwards. A line in several parts counts once.
    private static long TailStart(FileStream file, long lines)
    {
        if (lines == 0)
        {
            return file.Length;
        }
        var buffer = new byte[ChunkSize];
        var carry = Array.Empty<byte>();
        var (position, found) = (file.Length, 0L);
        var resumes = position;
        while (position > 0)
        {
            var size = (int)Math.Min(ChunkSize, position);
            position -= size;
            file.Position = position;
            file.ReadExactly(buffer, 0, size);
            byte[] block = [.. buffer.AsSpan(0, size), .. carry];
            var end = block.Length;
            while (end > 0)
            {
                var newline = block.AsSpan(0, end - 1).LastIndexOf((byte)'\n');
                if (newline < 0 && position > 0)
                {
                    break;
                }
                var line = block.AsSpan(newline + 1, end - newline - 1).TrimEnd((byte)'\n');
                if (!TryParse(line, out _, out _, out var whole) || whole)
                {
                    if (++found > lines)
                    {
                        return resumes;
                    }
                }
                resumes = position + newline + 1;
                end = newline + 1;
            }
            carry = block[..end];
        }
        return 0;
    }
}
