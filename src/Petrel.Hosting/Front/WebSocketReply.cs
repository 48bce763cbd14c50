using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Petrel.Model.Api;

namespace Petrel.Hosting.Front;

/// <summary>
/// Sends a watch or a log over a WebSocket (upstream: wsstream): each event of a watch is a text message; a log comes in binary messages,
/// or in base64 when the client asks for that.
/// </summary>
internal sealed class WebSocketReply(HttpContext context, FrontOptions options, TimeProvider time)
{
    private const string Binary = "binary.k8s.io";
    private const string Base64 = "base64.binary.k8s.io";

    /// <summary>Whether the client asks for a WebSocket, and the response is a stream.</summary>
    public static bool Fits(HttpContext context, ApiResponse response) =>
        context.WebSockets.IsWebSocketRequest && response is { IsSuccess: true, Stream: not null };

    /// <summary>Sends the stream until it ends, the client closes, or the server stops.</summary>
    /// <exception cref="OperationCanceledException">The client has gone, or does not read.</exception>
    public async Task SendAsync(ApiResponse response, CancellationToken limit, CancellationToken stopping)
    {
        var asked = context.WebSockets.WebSocketRequestedProtocols;
        var protocol = new[] { Binary, Base64 }.FirstOrDefault(asked.Contains);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
        using var closed = new CancellationTokenSource();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, limit);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(gone.Token, stopping, closed.Token);
        // Cancelling a read breaks the connection, so that it happens only at the end.
        var reading = ReadUntilClosedAsync(socket, closed, gone.Token);
        try
        {
            await SendAllAsync(socket, response, protocol, ended.Token);
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            // The client is done, or the watch ends as on a timeout.
        }
        finally
        {
            await CloseAsync(socket, reading, gone.Token);
            await gone.CancelAsync();
            await reading;
        }
    }

    private async Task SendAllAsync(WebSocket socket, ApiResponse response, string? protocol, CancellationToken cancellationToken)
    {
        var isWatch = response.ContentType.StartsWith("application/json", StringComparison.Ordinal);
        await foreach (var chunk in response.Stream!.WithCancellation(cancellationToken))
        {
            foreach (var (message, type) in isWatch ? Lines(chunk) : [Log(chunk, protocol)])
            {
                await SendAsync(socket, message, type);
            }
        }
    }

    // Says that the reply is complete, and waits a while for the client's answer.
    private async Task CloseAsync(WebSocket socket, Task reading, CancellationToken cancellationToken)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }
        using var patience = new CancellationTokenSource(options.WriteTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", either.Token);
            await reading.WaitAsync(either.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException)
        {
            // The client has gone without a word.
        }
    }

    private async ValueTask SendAsync(WebSocket socket, ReadOnlyMemory<byte> message, WebSocketMessageType type)
    {
        using var patience = new CancellationTokenSource(options.WriteTimeout, time);
        await socket.SendAsync(message, type, endOfMessage: true, patience.Token);
    }

    private static async Task ReadUntilClosedAsync(WebSocket socket, CancellationTokenSource closed, CancellationToken cancellationToken)
    {
        var buffer = new byte[256];
        try
        {
            // What the client says does not matter, only that it leaves.
            while ((await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken)).MessageType != WebSocketMessageType.Close) { }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException)
        {
            // It is gone, or the reply is complete.
        }
        await closed.CancelAsync();
    }

    private static IEnumerable<(ReadOnlyMemory<byte> Message, WebSocketMessageType Type)> Lines(ReadOnlyMemory<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            var end = chunk.Span.IndexOf((byte)'\n');
            var line = end < 0 ? chunk : chunk[..end];
            chunk = end < 0 ? default : chunk[(end + 1)..];
            if (!line.IsEmpty)
            {
                yield return (line, WebSocketMessageType.Text);
            }
        }
    }

    private static (ReadOnlyMemory<byte> Message, WebSocketMessageType Type) Log(ReadOnlyMemory<byte> chunk, string? protocol) =>
        protocol == Base64
            ? (Encoding.ASCII.GetBytes(Convert.ToBase64String(chunk.Span)), WebSocketMessageType.Text)
            : (chunk, WebSocketMessageType.Binary);
}
