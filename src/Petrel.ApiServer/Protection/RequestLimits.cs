using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Protection;

/// <summary>
/// Keeps one client from starving the others: small reads, lists and writes have seats of their own, shared fairly between users. A request
/// holds its seats until its response is sent. A watch holds seats until the objects that it begins with are sent; other long-running
/// requests (followed logs, sessions) need none. Neither do administrators, who must reach a flooded server, nor the server's own
/// controllers, which are administrators too (upstream: the flow schema <c>exempt</c>).
/// </summary>
internal sealed class RequestLimits(ApiServerOptions options, KindRegistry kinds, WorkEstimator estimator, TimeProvider time)
{
    private readonly FairQueue _reads = new(options.MaxReadsInFlight, options.MaxQueuedPerUser, options.QueueTimeout, time);
    private readonly FairQueue _lists = new(options.MaxListSeats, options.MaxQueuedPerUser, options.QueueTimeout, time);
    private readonly FairQueue _writes = new(options.MaxWritesInFlight, options.MaxQueuedPerUser, options.QueueTimeout, time);

    /// <summary>The queues with the names of their priority levels.</summary>
    public IReadOnlyList<(string Level, FairQueue Queue)> Queues => [("reads", _reads), ("lists", _lists), ("writes", _writes)];

    /// <summary>How many watches are open.</summary>
    public WatchCounter Watches { get; } = new(options.MaxWatchesPerUser);

    /// <summary>Starts the time limit of a request.</summary>
    public RequestLease Begin(CancellationToken aborted) => new(options.RequestTimeout, time, aborted);

    /// <summary>Waits until the request may run. Null: it needs no seat.</summary>
    /// <param name="info">The request's verb and resource.</param>
    /// <param name="request">The request.</param>
    /// <param name="bodyLength">The length of its body in bytes; null when it is not known.</param>
    /// <param name="cancellationToken">The client no longer waits, or the time is over.</param>
    public ValueTask<FairQueue.Slot?> EnterAsync(
        RequestInfo info,
        ApiRequest request,
        long? bodyLength,
        CancellationToken cancellationToken
    ) =>
        info.Verb switch
        {
            "get" or "head" => TakeAsync(_reads, request.User, 1, cancellationToken),
            "list" => TakeListAsync(info, request, cancellationToken),
            "deletecollection" => TakeAsync(
                _writes,
                request.User,
                Math.Max(estimator.List(info, request), estimator.Write(bodyLength)),
                cancellationToken
            ),
            _ => TakeAsync(_writes, request.User, estimator.Write(bodyLength), cancellationToken),
        };

    /// <summary>
    /// Waits until a watch may begin, for seats that it holds until the objects that it begins with are sent. The seats end with the
    /// request's time limit at the latest.
    /// </summary>
    /// <exception cref="StatusException">429: it has waited for too long, or the user has too many watches.</exception>
    public async ValueTask<RequestLease> EnterWatchAsync(
        RequestInfo info,
        ApiRequest request,
        bool sendsObjects,
        CancellationToken cancellationToken
    )
    {
        if (!IsExempt(request.User))
        {
            Watches.Check(request.User.Name);
        }
        var lease = Begin(cancellationToken);
        try
        {
            lease.Slot = sendsObjects
                ? await TakeListAsync(info, request, lease.Token)
                : await TakeAsync(_reads, request.User, 1, lease.Token);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
        lease.ReleaseAtEnd();
        return lease;
    }

    private ValueTask<FairQueue.Slot?> TakeListAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        var width = IsExempt(request.User) ? 1 : estimator.List(info, request);
        return TakeAsync(width > 1 ? _lists : _reads, request.User, width, cancellationToken);
    }

    private static async ValueTask<FairQueue.Slot?> TakeAsync(
        FairQueue queue,
        UserInfo user,
        int width,
        CancellationToken cancellationToken
    ) => IsExempt(user) ? null : await queue.TakeAsync(user.Name, width, cancellationToken);

    private static bool IsExempt(UserInfo user) => user.Groups.Contains(UserInfo.MastersGroup);

    /// <summary>Whether the request lasts for as long as its client wants (upstream: long-running requests).</summary>
    public bool IsLongRunning(RequestInfo info) =>
        info.Verb == "watch"
        || (
            info.Subresource.Length > 0
            && kinds.Find(info.Group, info.Version, info.Resource) is { } kind
            && kinds.FindSubresource(kind, info.Subresource) is { IsLongRunning: true }
        );
}
