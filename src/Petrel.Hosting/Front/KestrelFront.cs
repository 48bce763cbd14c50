using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.Hosting.Front;

/// <summary>
/// Passes HTTPS requests (HTTP/1.1 and HTTP/2) to an <see cref="IApiHandler"/>, as the users that their client certificates identify.
/// </summary>
public sealed partial class KestrelFront(FrontOptions options, IApiHandler handler, TimeProvider time, ILoggerFactory logs)
    : IAsyncDisposable
{
    private const int MaxHeaderBytes = 256 * 1024;
    private const int StreamBufferBytes = 64 * 1024;

    private readonly ClientCertificates _clients = new(options.ClientAuthority, time);
    private readonly ConnectionTable _connections = new(options.MaxConnections, options.MaxConnectionsPerUser);
    private readonly ILogger _log = logs.CreateLogger("Petrel.Hosting.Front");
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _application;
    private long _cutOff;

    /// <summary>The URLs that the server listens on, with the actual ports. Available after the start.</summary>
    public IReadOnlyList<Uri> Addresses { get; private set; } = [];

    /// <summary>How many connections there are.</summary>
    public int Connections => _connections.Count;

    /// <summary>How many responses were cut off because their clients did not read them.</summary>
    public long CutOff => Interlocked.Read(ref _cutOff);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The empty builder reads no configuration and adds no middleware. Startup is fast, and only this class handles requests.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs);
        // Sockets don't process what they receive inline: one busy connection would hold a thread, and others would wait for it.
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseSockets();
        builder.Services.Replace(
            ServiceDescriptor.Singleton<IConnectionListenerFactory>(services => new LimitedListenerFactory(
                new SocketTransportFactory(services.GetRequiredService<IOptions<SocketTransportOptions>>(), logs),
                _connections
            ))
        );
        builder.WebHost.ConfigureKestrel(Configure);
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        _application = builder.Build();
        _application.UseWebSockets();
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
        server.Limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        server.Limits.MaxRequestBufferSize = MaxHeaderBytes;
        // Bodies of requests that wait for seats stay in these buffers. Every stream needs its own, or waiting ones would hold up the
        // bodies of those that run.
        server.Limits.Http2.InitialStreamWindowSize = StreamBufferBytes;
        server.Limits.Http2.InitialConnectionWindowSize = options.MaxStreamsPerConnection * StreamBufferBytes;
        // Detect agents and clients that died.
        server.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        server.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        server.Limits.RequestHeadersTimeout = options.HandshakeTimeout;
        server.Limits.KeepAliveTimeout = options.IdleTimeout;
        foreach (var address in options.Addresses)
        {
            server.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.Use(next => connection => _connections.AcceptAsync(connection, next));
                listen.UseHttps(
                    new HttpsConnectionAdapterOptions
                    {
                        ServerCertificate = options.Certificate,
                        // Health checks need no certificate. A client with an invalid certificate gets 401 instead of a closed connection.
                        ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                        ClientCertificateValidation = static (_, _, _) => true,
                        HandshakeTimeout = options.HandshakeTimeout,
                    }
                );
            });
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        _connections.Enter(context);
        using var exchange = new RequestExchange(context, options, _connections);
        ResponseSender? sender = null;
        try
        {
            var response = await AnswerAsync(context, exchange, context.RequestAborted);
            if (WebSocketReply.Fits(context, response))
            {
                await new WebSocketReply(context, options, time).SendAsync(response, exchange.Limit, _stopping.Token);
                return;
            }
            sender = new ResponseSender(context, options, time, exchange.Limit);
            await sender.SendAsync(response, _stopping.Token);
            await sender.CompleteAsync();
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && sender is { IsCutOff: true })
        {
            // Kestrel itself aborts a request whose flush is cancelled, so that RequestAborted does not mean that the client has gone.
            CountCutOff(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected, so no response can be sent.
        }
        catch (OperationCanceledException)
        {
            CountCutOff(context);
        }
        catch (IOException e)
        {
            // The response stream failed midway. The part that was sent can't be withdrawn.
            LogBroken(_log, context.Request.Method, context.Request.Path, e.Message);
            context.Abort();
        }
        finally
        {
            sender?.Dispose();
            _connections.Leave(context);
        }
    }

    private void CountCutOff(HttpContext context)
    {
        Interlocked.Increment(ref _cutOff);
        LogBroken(_log, context.Request.Method, context.Request.Path, "the client did not read it in time");
        context.Abort();
    }

    private async ValueTask<ApiResponse> AnswerAsync(HttpContext context, RequestExchange exchange, CancellationToken cancellationToken)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        var user = _clients.Read(context.Connection.ClientCertificate);
        if (user is null && BearerToken.Read(authorization).Length == 0)
        {
            return FrontErrors.Unauthorized();
        }
        var request = context.Request;
        var headers = request.Headers;
        var question = new ApiRequest
        {
            Method = request.Method,
            Path = request.Path.Value ?? "/",
            Query = ReadQuery(request.QueryString.Value),
            Accept = headers.Accept.ToString(),
            ContentType = request.ContentType ?? "",
            UserAgent = headers.UserAgent.ToString(),
            IfNoneMatch = headers.IfNoneMatch.ToString(),
            Authorization = authorization,
            Impersonation = ImpersonationHeaders.Read(headers),
            // When the certificate is not trusted, a token may still authenticate the user.
            User = user ?? UserInfo.Anonymous,
        };
        if (handler is IApiExchangeHandler reader)
        {
            return await reader.HandleAsync(question, exchange, cancellationToken);
        }
        // Other handlers serve only clients that the certificate identifies.
        if (user is { } known && !known.Groups.Contains(UserInfo.UnauthenticatedGroup) && exchange.Identify(known) is { } refused)
        {
            return refused;
        }
        var body = await exchange.ReadBodyAsync(cancellationToken);
        return body.Refusal ?? await handler.HandleAsync(question with { Body = body.Bytes }, cancellationToken);
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

    [LoggerMessage(EventId = 9101, Level = LogLevel.Debug, Message = "{Method} {Path} broke off: {Reason}")]
    private static partial void LogBroken(ILogger logger, string method, string path, string reason);
}
