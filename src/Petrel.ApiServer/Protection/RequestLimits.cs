using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Protection;

/// <summary>
/// Keeps one client from starving the others: reads and writes have concurrency slots of their own, shared fairly between users.
/// Long-running requests (watches, logs, sessions) need no slot. Neither do administrators, who must reach a flooded server, nor the
/// server's own controllers, which are administrators too (upstream: the flow schema <c>exempt</c>).
/// </summary>
internal sealed class RequestLimits(ApiServerOptions options, KindRegistry kinds, TimeProvider time)
{
    private readonly FairQueue _reads = new(options.MaxReadsInFlight, options.MaxQueuedPerUser, options.QueueTimeout, time);
    private readonly FairQueue _writes = new(options.MaxWritesInFlight, options.MaxQueuedPerUser, options.QueueTimeout, time);

    /// <summary>How many requests wait for a slot.</summary>
    public int Waiting => _reads.Waiting + _writes.Waiting;

    /// <summary>Starts the time limit of a request.</summary>
    public RequestLease Begin(CancellationToken aborted) => new(options.RequestTimeout, time, aborted);

    /// <summary>Waits until the request may run. Null: it needs no slot.</summary>
    public ValueTask<FairQueue.Slot?> EnterAsync(RequestInfo info, UserInfo user, CancellationToken cancellationToken)
    {
        if (user.Groups.Contains(UserInfo.MastersGroup))
        {
            return ValueTask.FromResult<FairQueue.Slot?>(null);
        }
        var queue = info.Verb is "get" or "list" or "head" ? _reads : _writes;
        return queue.TakeAsync(user.Name, cancellationToken)!;
    }

    /// <summary>Whether the request lasts for as long as its client wants (upstream: long-running requests).</summary>
    public bool IsLongRunning(RequestInfo info) =>
        info.Verb == "watch"
        || (
            info.Subresource.Length > 0
            && kinds.Find(info.Group, info.Version, info.Resource) is { } kind
            && kinds.FindSubresource(kind, info.Subresource) is { IsLongRunning: true }
        );
}
