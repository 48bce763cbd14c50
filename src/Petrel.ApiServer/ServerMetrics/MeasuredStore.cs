using Petrel.Model.Metrics;
using Petrel.Store;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>A store whose requests are counted and timed under the names that upstream gives to those of etcd.</summary>
internal sealed class MeasuredStore(IRevisionedStore store, MetricRegistry registry, TimeProvider time) : IRevisionedStore
{
    private static readonly string[] Labels = ["operation", "group", "resource"];

    private readonly MetricFamily _duration = registry.Histogram(
        "etcd_request_duration_seconds",
        "Time of a request to the store, in seconds.",
        MetricBuckets.Requests,
        Labels
    );

    private readonly MetricFamily _total = registry.Counter("etcd_requests_total", "Requests to the store.", Labels);

    private readonly MetricFamily _errors = registry.Counter("etcd_request_errors_total", "Requests to the store that failed.", Labels);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Operation, string Prefix), Series> _series = [];

    public long CurrentRevision => store.CurrentRevision;

    public long CompactedRevision => store.CompactedRevision;

    public StoreHealth Health => store.Health;

    public ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        if (operations.Count == 0)
        {
            return store.CommitAsync(operations, cancellationToken);
        }
        var first = operations[0];
        var operation =
            first.Value is null ? "delete"
            : first.ExpectedRevision == 0 ? "create"
            : "update";
        return MeasureAsync(Of(operation, first.Key), store.CommitAsync(operations, cancellationToken));
    }

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) =>
        MeasureAsync(Of("get", key), store.GetAsync(key, cancellationToken));

    public ValueTask<RangeResult> RangeAsync(
        string prefix,
        long atRevision,
        string? afterKey,
        int limit,
        CancellationToken cancellationToken
    ) => MeasureAsync(Of("list", prefix), store.RangeAsync(prefix, atRevision, afterKey, limit, cancellationToken));

    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        store.WatchAsync(prefix, afterRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => store.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async ValueTask<T> MeasureAsync<T>(Series series, ValueTask<T> request)
    {
        var start = time.GetTimestamp();
        try
        {
            return await request;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            series.Errors.Add(1);
            throw;
        }
        finally
        {
            series.Total.Add(1);
            series.Duration.Observe(time.GetElapsedTime(start).TotalSeconds);
        }
    }

    private Series Of(string operation, string key)
    {
        // /registry/GROUP/PLURAL/…; other keys have no resource.
        var group = key.StartsWith("/registry/", StringComparison.Ordinal) ? key.IndexOf('/', 10) : -1;
        var end = group < 0 ? -1 : key.IndexOf('/', group + 1);
        var prefix = end < 0 ? "" : key[..end];
        lock (_gate)
        {
            if (!_series.TryGetValue((operation, prefix), out var series))
            {
                var groupName = end < 0 ? "" : key[10..group];
                string[] labels = [operation, groupName == "core" ? "" : groupName, end < 0 ? "" : key[(group + 1)..end]];
                _series[(operation, prefix)] = series = new(_duration.Of(labels), _total.Of(labels), _errors.Of(labels));
            }
            return series;
        }
    }

    private sealed record Series(MetricSeries Duration, MetricSeries Total, MetricSeries Errors);
}
