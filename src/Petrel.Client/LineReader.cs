using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Petrel.Client;

/// <summary>
/// Splits a chunked stream into lines, independent of the chunk boundaries. A line's memory is valid until the next line is requested.
/// </summary>
internal static class LineReader
{
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> LinesAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> chunks,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var pending = new List<byte>();
        await foreach (var chunk in chunks.WithCancellation(cancellationToken))
        {
            var rest = chunk;
            int newline;
            while ((newline = rest.Span.IndexOf((byte)'\n')) >= 0)
            {
                var line = rest[..newline];
                rest = rest[(newline + 1)..];
                if (pending.Count > 0)
                {
                    pending.AddRange(line.Span);
                    line = CollectionsMarshal.AsSpan(pending).ToArray();
                    pending.Clear();
                }
                if (line.Length > 0)
                {
                    yield return line;
                }
            }
            pending.AddRange(rest.Span);
        }
    }
}
