using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Protection;

/// <summary>
/// Keeps one client from starving the others: reads and writes have seats of their own, shared fairly between users. What lasts (watches,
/// logs, sessions) needs no seat, and neither do administrators, who must get in when the server is flooded, and the server's own
/// controllers, which are administrators too (upstream: the flow schema <c>exempt</c>).
/// </summary>
internal sealed class RequestLimits(ApiServerOptions options, TimeProvider time)
{
    private readonly FairQueue _reads = new(options.MaxReadsInFlight, options.MaxQueuedPerUser, options.QueueTimeout, time);
    private readonly FairQueue _writes = new(options.MaxWritesInFlight, options.MaxQueuedPerUser, options.QueueTimeout, time);

    /// <summary>How many requests wait for a seat.</summary>
    public int Waiting => _reads.Waiting + _writes.Waiting;

    /// <summary>Waits until the request may run; dispose of the answer when it has.</summary>
    public ValueTask<FairQueue.Seat?> EnterAsync(RequestInfo info, UserInfo user, CancellationToken cancellationToken)
    {
        if (IsLasting(info) || user.Groups.Contains(UserInfo.MastersGroup))
        {
            return ValueTask.FromResult<FairQueue.Seat?>(null);
        }
        var queue = info.Verb is "get" or "list" or "head" ? _reads : _writes;
        return queue.TakeAsync(user.Name, cancellationToken)!;
    }

    /// <summary>Whether the request lasts for as long as its client wants (upstream: long-running requests).</summary>
    public static bool IsLasting(RequestInfo info) =>
        info.Verb == "watch" || info.Subresource is "log" or "exec" or "attach" or "portforward" or "proxy";
}
