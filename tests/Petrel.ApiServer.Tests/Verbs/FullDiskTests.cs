using Petrel.Store;

namespace Petrel.ApiServer.Tests.Verbs;

/// <summary>What the API says while the disk of its store is full or fails.</summary>
public sealed class FullDiskTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task Writes_are_refused_with_507_and_reads_watches_and_deletions_go_on()
    {
        Disk disk = null!;
        await using var api = await TestApi.StartAsync(wrap: inner => disk = new Disk(inner));
        foreach (var name in new[] { "plain", "held" })
        {
            var finalizers = name == "held" ? ""","finalizers":["example.com/hold"]""" : "";
            await api.JsonAsync(201, "POST", ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"{{{finalizers}}}}}""");
        }
        disk.Health = new(StoreFault.NoSpace, "the disk is full");

        var refused = await api.SendAsync("POST", ConfigMaps, """{"metadata":{"name":"new"}}""");
        Assert.Equal(507, refused.StatusCode);
        Assert.Contains("\"reason\":\"InsufficientStorage\"", refused.BodyText, StringComparison.Ordinal);
        Assert.Contains("nothing was written", refused.BodyText, StringComparison.Ordinal);
        Assert.DoesNotContain(refused.Headers, h => h.Key == "Retry-After");
        await api.JsonAsync(507, "PATCH", ConfigMaps + "/held", """{"data":{"a":"1"}}""", "application/merge-patch+json");
        Assert.Equal(2, (await api.GetAsync(ConfigMaps + "?labelSelector=!x"))["items"]!.AsArray().Count(i => IsOurs(i!)));

        // A deletion at once, and one in steps: the mark, and the removal of the finalizer.
        await api.JsonAsync(200, "DELETE", ConfigMaps + "/plain");
        await api.JsonAsync(200, "DELETE", ConfigMaps + "/held");
        await api.JsonAsync(200, "PATCH", ConfigMaps + "/held", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
        await api.JsonAsync(404, "GET", ConfigMaps + "/held");

        disk.Health = StoreHealth.Good;
        await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"new"}}""");
    }

    private static bool IsOurs(System.Text.Json.Nodes.JsonNode item) => (string?)item["metadata"]!["name"] is "plain" or "held";

    [Fact]
    public async Task A_disk_that_fails_is_503_and_both_are_told_by_readyz_and_the_component_status()
    {
        Disk disk = null!;
        await using var api = await TestApi.StartAsync(wrap: inner => disk = new Disk(inner));
        Assert.Equal(200, (await api.SendAsync("GET", "/readyz/disk")).StatusCode);
        disk.Health = new(StoreFault.Failing, "I/O error");
        var refused = await api.JsonAsync(503, "POST", ConfigMaps, """{"metadata":{"name":"new"}}""");
        Assert.Equal("ServiceUnavailable", (string?)refused["reason"]);
        foreach (var fault in new[] { StoreFault.Failing, StoreFault.NoSpace })
        {
            disk.Health = new(fault, "I/O error");
            Assert.Equal(500, (await api.SendAsync("GET", "/readyz/disk")).StatusCode);
            var ready = await api.SendAsync("GET", "/readyz");
            Assert.Equal(500, ready.StatusCode);
            Assert.Contains("[-]disk failed", ready.BodyText, StringComparison.Ordinal);
            Assert.Equal(200, (await api.SendAsync("GET", "/livez")).StatusCode);
            var component = await api.GetAsync("/api/v1/componentstatuses/store");
            Assert.Equal("I/O error", (string?)component["conditions"]![0]!["error"]);
        }
        disk.Health = StoreHealth.Good;
        Assert.Equal(200, (await api.SendAsync("GET", "/readyz")).StatusCode);
    }

    [Fact]
    public async Task A_server_lives_on_when_its_history_can_not_be_compacted()
    {
        Disk disk = null!;
        var options = new ApiServerOptions();
        await using var api = await TestApi.StartAsync(options, wrap: inner => disk = new Disk(inner));
        disk.Health = new(StoreFault.Failing, "I/O error");
        while (disk.Compactions == 0)
        {
            api.Time.Advance(options.CompactionInterval / 10);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        disk.Health = StoreHealth.Good;
        await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"new"}}""");
        while (api.Store.CompactedRevision == 0)
        {
            api.Time.Advance(options.CompactionInterval / 10);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A store that refuses writes as the embedded one does.</summary>
    private sealed class Disk(IRevisionedStore inner) : IRevisionedStore
    {
        public StoreHealth Health { get; set; } = StoreHealth.Good;

        public int Compactions { get; private set; }

        public long CurrentRevision => inner.CurrentRevision;

        public long CompactedRevision => inner.CompactedRevision;

        public ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
        {
            var frees = operations.Any(o => o.FreesSpace || o.Value is null);
            return Health.Fault == StoreFault.None || (Health.Fault == StoreFault.NoSpace && frees)
                ? inner.CommitAsync(operations, cancellationToken)
                : throw new StoreWriteException(Health.Fault, "the disk refuses; nothing was written");
        }

        public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

        public ValueTask<RangeResult> RangeAsync(string prefix, long atRevision, string? afterKey, int limit, CancellationToken stop) =>
            inner.RangeAsync(prefix, atRevision, afterKey, limit, stop);

        public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
            inner.WatchAsync(prefix, afterRevision, cancellationToken);

        public ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
        {
            Compactions++;
            return Health.Fault == StoreFault.None
                ? inner.CompactAsync(revision, cancellationToken)
                : throw new StoreWriteException(Health.Fault, "the disk refuses; nothing was written");
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
