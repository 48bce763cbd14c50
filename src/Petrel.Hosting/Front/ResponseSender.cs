using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Petrel.Model.Api;

namespace Petrel.Hosting.Front;

/// <summary>
/// Sends one response. A client that accepts nothing for <see cref="FrontOptions.WriteTimeout"/> is cut off, whatever it was reading, so
/// that it holds neither memory nor seats for long.
/// </summary>
internal sealed class ResponseSender : IDisposable
{
    private const int FlushAbove = 32 * 1024;

    private readonly HttpContext _context;
    private readonly FrontOptions _options;
    private readonly CancellationTokenSource _idle;
    private readonly CancellationToken _limit;
    private readonly CancellationTokenSource _cut;

    /// <param name="context">The request.</param>
    /// <param name="options">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="limit">When the response is to be cut off at the latest.</param>
    public ResponseSender(HttpContext context, FrontOptions options, TimeProvider time, CancellationToken limit)
    {
        (_context, _options, _limit) = (context, options, limit);
        _idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _cut = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, limit, _idle.Token);
    }

    /// <summary>Whether the client did not read the response in time.</summary>
    public bool IsCutOff => _idle.IsCancellationRequested || _limit.IsCancellationRequested;

    /// <summary>Writes the response's head and body.</summary>
    /// <param name="response">The response.</param>
    /// <param name="stopping">Ends streams as on a timeout.</param>
    /// <exception cref="OperationCanceledException">The client has gone, or is cut off.</exception>
    public async ValueTask SendAsync(ApiResponse response, CancellationToken stopping)
    {
        var target = _context.Response;
        target.StatusCode = response.StatusCode;
        if (response.ContentType.Length > 0)
        {
            target.ContentType = response.ContentType;
        }
        target.Headers.CacheControl = "no-cache, private";
        foreach (var group in response.Headers.GroupBy(h => h.Key, StringComparer.OrdinalIgnoreCase))
        {
            target.Headers[group.Key] = group.Select(h => h.Value).ToArray();
        }
        if (response.Stream is { } stream)
        {
            await StreamAsync(stream, stopping);
            return;
        }
        var length = response.Content?.Length ?? response.Body.Length;
        if (length > _options.CompressAbove && AcceptsGzip())
        {
            target.Headers.ContentEncoding = "gzip";
            target.Headers.Append("Vary", "Accept-Encoding");
            await CompressAsync(response);
        }
        else if (length > 0 && !HttpMethods.IsHead(_context.Request.Method))
        {
            target.ContentLength = length;
            await WriteAsync(response, target.BodyWriter);
            if (length > FlushAbove)
            {
                // Over HTTP/1.1, the server flushes the rest of a body by itself only if nothing was flushed before.
                await FlushAsync(target.BodyWriter);
            }
            // No flush of a small body, so that headers, body and the end of the stream are sent together.
        }
    }

    /// <summary>Waits until the client has accepted the response's end.</summary>
    /// <exception cref="OperationCanceledException">The client has gone, or is cut off.</exception>
    public async ValueTask CompleteAsync()
    {
        var completed = _context.Response.CompleteAsync();
        if (!completed.IsCompletedSuccessfully)
        {
            _idle.CancelAfter(_options.WriteTimeout);
            await completed.WaitAsync(_cut.Token);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cut.Dispose();
        _idle.Dispose();
    }

    private bool AcceptsGzip() => _context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);

    private async ValueTask WriteAsync(ApiResponse response, PipeWriter writer)
    {
        if (response.Content is not { } content)
        {
            for (var rest = response.Body; rest.Length > 0; )
            {
                var piece = rest[..Math.Min(rest.Length, FlushAbove)];
                writer.Write(piece.Span);
                rest = rest[piece.Length..];
                if (rest.Length > 0)
                {
                    await FlushAsync(writer);
                }
            }
            return;
        }
        var unsent = 0;
        foreach (var part in content.Parts)
        {
            if (unsent > 0 && unsent + part.Length > FlushAbove)
            {
                await FlushAsync(writer);
                unsent = 0;
            }
            writer.Advance(part.CopyTo(writer.GetSpan(part.Length)));
            unsent += part.Length;
        }
    }

    private async ValueTask CompressAsync(ApiResponse response)
    {
        await using var gzip = new GZipStream(_context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        if (response.Content is not { } content)
        {
            for (var rest = response.Body; rest.Length > 0; )
            {
                var piece = rest[..Math.Min(rest.Length, FlushAbove)];
                await CompressAsync(gzip, piece);
                rest = rest[piece.Length..];
            }
            return;
        }
        var buffer = new ArrayBufferWriter<byte>(FlushAbove);
        foreach (var part in content.Parts)
        {
            if (buffer.WrittenCount > 0 && buffer.WrittenCount + part.Length > FlushAbove)
            {
                await CompressAsync(gzip, buffer.WrittenMemory);
                buffer.ResetWrittenCount();
            }
            buffer.Advance(part.CopyTo(buffer.GetSpan(part.Length)));
        }
        await CompressAsync(gzip, buffer.WrittenMemory);
    }

    private async ValueTask CompressAsync(GZipStream gzip, ReadOnlyMemory<byte> piece)
    {
        var written = gzip.WriteAsync(piece, _cut.Token);
        if (written.IsCompleted)
        {
            await written;
            return;
        }
        _idle.CancelAfter(_options.WriteTimeout);
        await written;
        _idle.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private async ValueTask FlushAsync(PipeWriter writer)
    {
        var flushed = writer.FlushAsync(_cut.Token);
        if (flushed.IsCompleted)
        {
            await flushed;
            return;
        }
        _idle.CancelAfter(_options.WriteTimeout);
        await flushed;
        _idle.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private async ValueTask StreamAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> stream, CancellationToken stopping)
    {
        await _context.Response.StartAsync(_cut.Token);
        var writer = _context.Response.BodyWriter;
        await FlushAsync(writer);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_cut.Token, stopping);
        await using var chunks = stream.GetAsyncEnumerator(ended.Token);
        var unsent = 0;
        while (true)
        {
            var next = chunks.MoveNextAsync();
            if (unsent > FlushAbove || (unsent > 0 && !next.IsCompleted))
            {
                // All available data is written. Flush it before waiting for more.
                await FlushAsync(writer);
                unsent = 0;
            }
            try
            {
                if (!await next)
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // On shutdown, a watch ends as it does on a timeout.
                return;
            }
            writer.Write(chunks.Current.Span);
            unsent += chunks.Current.Length;
        }
    }
}
