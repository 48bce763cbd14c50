using Petrel.ApiServer.Protection;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>One request on its way through the stages.</summary>
internal sealed class RequestContext(ApiRequest request, IApiExchange? exchange, CancellationToken aborted)
{
    private readonly CancellationToken _aborted = aborted;
    private bool _bodyIsRead;

    /// <summary>The transport's side of the request; null for callers in this process.</summary>
    public IApiExchange? Exchange => exchange;

    /// <summary>The length of the request's body in bytes; null when it is not known yet.</summary>
    public long? BodyLength => exchange is null || _bodyIsRead ? Request.Body.Length : exchange.BodyLength;

    /// <summary>The request. Authentication and impersonation replace it by the same request of another user.</summary>
    public ApiRequest Request { get; set; } = request;

    /// <summary>What the request asks for, read from its method, path and query.</summary>
    public RequestInfo Info => field ??= RequestInfo.Parse(Request);

    /// <summary>When the client no longer waits, or the time limit of the request is over.</summary>
    public CancellationToken CancellationToken { get; set; } = aborted;

    /// <summary>When measuring began (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long StartedAt { get; set; }

    /// <summary>The time limit and the concurrency slot of the request; null without one.</summary>
    public RequestLease? Lease { get; set; }

    /// <summary>Whether the time limit ended the request, and not its client.</summary>
    public bool HasTimedOut => Lease is { HasTimedOut: true } && !_aborted.IsCancellationRequested;

    /// <summary>Reads the body, unless it is there. A response refuses the body.</summary>
    public async ValueTask<ApiResponse?> ReadBodyAsync()
    {
        if (exchange is null or { BodyLength: 0 } || _bodyIsRead)
        {
            return null;
        }
        _bodyIsRead = true;
        var body = await exchange.ReadBodyAsync(CancellationToken);
        Request = Request with { Body = body.Bytes };
        return body.Refusal;
    }
}
