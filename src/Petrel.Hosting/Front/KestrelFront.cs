using System.Buffers;
using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Petrel.Hosting.Front;

/// <summary>
/// Passes HTTPS requests (HTTP/1.1 and HTTP/2) to an <see cref="IApiHandler"/>, as the users that their client certificates identify.
/// </summary>
public sealed partial class KestrelFront(FrontOptions options, IApiHandler handler, TimeProvider time, ILoggerFactory logs)
    : IAsyncDisposable
{
    private const int FlushAbove = 32 * 1024;
    private const int MaxHeaderBytes = 256 * 1024;

    private readonly ClientCertificates _clients = new(options.ClientAuthority, time);
    private readonly ILogger _log = logs.CreateLogger("Petrel.Hosting.Front");
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _application;

    /// <summary>The URLs that the server listens on, with the actual ports. Available after the start.</summary>
    public IReadOnlyList<Uri> Addresses { get; private set; } = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The empty builder reads no configuration and adds no middleware. Startup is fast, and only this class handles requests.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs);
        // No handler blocks a thread, so received data can be processed inline, without a switch to another thread.
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(Configure);
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        _application = builder.Build();
        _application.Run(ServeAsync);
        await _application.StartAsync(cancellationToken);
        var addresses = _application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>();
        Addresses = [.. addresses.Addresses.Select(a => new Uri(a))];
    }

    /// <summary>
    /// Waits for <see cref="FrontOptions.ShutdownDelay"/>, then stops listening and tells clients to open no more streams (HTTP/2: GOAWAY).
    /// Ends watches as on a timeout, and lets other requests finish within <see cref="FrontOptions.ShutdownTimeout"/>.
    /// </summary>
    public async Task StopAsync()
    {
        if (options.ShutdownDelay > TimeSpan.Zero && !_stopping.IsCancellationRequested)
        {
            await Task.Delay(options.ShutdownDelay, time);
        }
        // Stop listening first, so that a client whose watch ended can't reconnect to this server.
        var stopped = _application?.StopAsync(CancellationToken.None) ?? Task.CompletedTask;
        _stopping.Cancel();
        await stopped;
    }

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellationToken.Register(() => stopped.TrySetResult()))
        {
            await stopped.Task;
        }
        await StopAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
        {
            await _application.DisposeAsync();
        }
        _stopping.Dispose();
    }

    private void Configure(KestrelServerOptions server)
    {
        server.AddServerHeader = false;
        server.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        // Selectors and tokens can be long, and upstream accepts headers of 1 MB in total.
        server.Limits.MaxRequestLineSize = MaxHeaderBytes;
        server.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        server.Limits.Http2.MaxRequestHeaderFieldSize = MaxHeaderBytes;
        server.Limits.Http2.MaxStreamsPerConnection = 1000;
        // Lists are large, and small windows would cost round trips.
        server.Limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
        server.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        // Detect agents and clients that died.
        server.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        server.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        server.Limits.MinResponseDataRate = null;
        foreach (var address in options.Addresses)
        {
            server.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(
                    new HttpsConnectionAdapterOptions
                    {
                        ServerCertificate = options.Certificate,
                        // Health checks need no certificate. A client with an invalid certificate gets 401 instead of a closed connection.
                        ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                        ClientCertificateValidation = static (_, _, _) => true,
                    }
                );
            });
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            var response = await AnswerAsync(context, context.RequestAborted);
            await SendAsync(context, response, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected, so no response can be sent.
        }
        catch (IOException e)
        {
            // The response stream failed midway. The part that was sent can't be withdrawn.
            LogBroken(_log, context.Request.Method, context.Request.Path, e.Message);
            context.Abort();
        }
    }

    private async ValueTask<ApiResponse> AnswerAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        var user = _clients.Read(context.Connection.ClientCertificate);
        if (user is null && BearerToken.Read(authorization).Length == 0)
        {
            return FrontErrors.Unauthorized();
        }
        ReadOnlyMemory<byte> body;
        try
        {
            body = await ReadBodyAsync(context.Request, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return FrontErrors.RequestEntityTooLarge(options.MaxBodyBytes);
        }
        catch (BadHttpRequestException e)
        {
            return FrontErrors.BadRequest(e.Message);
        }
        var request = context.Request;
        var headers = request.Headers;
        return await handler.HandleAsync(
            new ApiRequest
            {
                Method = request.Method,
                Path = request.Path.Value ?? "/",
                Query = ReadQuery(request.QueryString.Value),
                Accept = headers.Accept.ToString(),
                ContentType = request.ContentType ?? "",
                UserAgent = headers.UserAgent.ToString(),
                IfNoneMatch = headers.IfNoneMatch.ToString(),
                Body = body,
                Authorization = authorization,
                Impersonation = ImpersonationHeaders.Read(headers),
                // When the certificate is not trusted, a token may still authenticate the user.
                User = user ?? UserInfo.Anonymous,
            },
            cancellationToken
        );
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (
            request.ContentLength == 0
            || (request.ContentLength is null && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == false)
        )
        {
            return default;
        }
        if (request.ContentLength is { } length && length <= int.MaxValue)
        {
            if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize < length)
            {
                throw new BadHttpRequestException("too large", StatusCodes.Status413PayloadTooLarge);
            }
            var exact = GC.AllocateUninitializedArray<byte>((int)length);
            await request.Body.ReadExactlyAsync(exact, cancellationToken);
            return exact;
        }
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }

    private static List<KeyValuePair<string, string>> ReadQuery(string? text)
    {
        var query = new List<KeyValuePair<string, string>>();
        foreach (var pair in new Microsoft.AspNetCore.WebUtilities.QueryStringEnumerable(text))
        {
            query.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        }
        return query;
    }

    private async ValueTask SendAsync(HttpContext context, ApiResponse response, CancellationToken cancellationToken)
    {
        var target = context.Response;
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
            await StreamAsync(context, stream, cancellationToken);
        }
        else if (
            response.Body.Length > options.CompressAbove
            && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase)
        )
        {
            target.Headers.ContentEncoding = "gzip";
            target.Headers.Append("Vary", "Accept-Encoding");
            await using var gzip = new GZipStream(target.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(response.Body, cancellationToken);
        }
        else if (response.Body.Length > 0 && !HttpMethods.IsHead(context.Request.Method))
        {
            target.ContentLength = response.Body.Length;
            if (response.Body.Length <= FlushAbove)
            {
                // No flush here, so that headers, body and the end of the stream are sent together.
                target.BodyWriter.Write(response.Body.Span);
            }
            else
            {
                await target.Body.WriteAsync(response.Body, cancellationToken);
            }
        }
    }

    private async ValueTask StreamAsync(
        HttpContext context,
        IAsyncEnumerable<ReadOnlyMemory<byte>> stream,
        CancellationToken cancellationToken
    )
    {
        await context.Response.StartAsync(cancellationToken);
        var writer = context.Response.BodyWriter;
        await writer.FlushAsync(cancellationToken);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        await using var chunks = stream.GetAsyncEnumerator(ended.Token);
        var unsent = 0;
        while (true)
        {
            var next = chunks.MoveNextAsync();
            if (unsent > FlushAbove || (unsent > 0 && !next.IsCompleted))
            {
                // All available data is written. Flush it before waiting for more.
                await writer.FlushAsync(cancellationToken);
                unsent = 0;
            }
            try
            {
                if (!await next)
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // On shutdown, a watch ends as it does on a timeout.
                return;
            }
            writer.Write(chunks.Current.Span);
            unsent += chunks.Current.Length;
        }
    }

    [LoggerMessage(EventId = 9101, Level = LogLevel.Debug, Message = "{Method} {Path} broke off: {Reason}")]
    private static partial void LogBroken(ILogger logger, string method, string path, string reason);
}
