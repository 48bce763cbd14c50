using System.Runtime.CompilerServices;
using System.Text;

namespace Petrel.Client;

/// <summary>Cuts a chunked stream into its lines, however the chunks fall.</summary>
internal static class LineReader
{
    public static async IAsyncEnumerable<string> LinesAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> chunks, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pending = new List<byte>();
        await foreach (var chunk in chunks.WithCancellation(cancellationToken))
        {
            var rest = chunk;
            int newline;
            while ((newline = rest.Span.IndexOf((byte)'\n')) >= 0)
            {
                pending.AddRange(rest.Span[..newline]);
                rest = rest[(newline + 1)..];
                if (pending.Count > 0)
                {
                    var line = Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pending));
                    pending.Clear();
                    yield return line;
                }
            }
            pending.AddRange(rest.Span);
        }
    }
}
