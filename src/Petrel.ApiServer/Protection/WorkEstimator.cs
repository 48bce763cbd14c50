using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Protection;

/// <summary>
/// Estimates a request's work in seats. A seat is the work of one small request: a hundred objects to visit, or 100 kB to send or receive
/// (upstream: the work estimators of API Priority and Fairness).
/// </summary>
internal sealed class WorkEstimator(KindRegistry kinds, CacheHub caches, int maxBodyBytes)
{
    private const int ObjectsPerSeat = 100;
    private const int BytesPerSeat = 100_000;
    private const int Samples = 8;

    /// <summary>The most seats that a list takes.</summary>
    public const int MaxListSeats = 10;

    /// <summary>The seats of a list, or of the objects that a watch begins with.</summary>
    public int List(RequestInfo info, ApiRequest request)
    {
        if (kinds.Find(info.Group, info.Version, info.Resource) is not { } kind || caches.Find(kind) is not { } cache)
        {
            return 1;
        }
        var snapshot = cache.Current;
        var (start, end) = snapshot.Range(kind.Namespaced && info.Namespace.Length > 0 ? info.Namespace + "/" : "", null);
        var selects = request.QueryValue("labelSelector") is { Length: > 0 } || request.QueryValue("fieldSelector") is { Length: > 0 };
        long count = end - start;
        if (!selects && long.TryParse(request.QueryValue("limit"), out var limit) && limit > 0)
        {
            count = Math.Min(count, limit);
        }
        var bytes = count == 0 ? 0 : count * AverageLength(snapshot, start, end);
        return (int)Math.Clamp(Math.Max(Seats(count, ObjectsPerSeat), Seats(bytes, BytesPerSeat)), 1, MaxListSeats);
    }

    /// <summary>The seats of a request with a body.</summary>
    /// <param name="bodyLength">The length of the body in bytes; null when it is not known.</param>
    public int Write(long? bodyLength) =>
        (int)Math.Clamp(Seats(bodyLength ?? maxBodyBytes, BytesPerSeat), 1, Seats(maxBodyBytes, BytesPerSeat));

    private static long Seats(long amount, int each) => Math.Max(1, (amount / each) + (amount % each > 0 ? 1 : 0));

    private static long AverageLength(Snapshot snapshot, int start, int end)
    {
        var step = Math.Max(1, (end - start) / Samples);
        var (sum, samples) = (0L, 0);
        for (var i = start; i < end; i += step, samples++)
        {
            sum += snapshot.Objects[i].Object!.Length;
        }
        return sum / samples;
    }
}
