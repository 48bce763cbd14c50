using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.Model;

namespace Petrel.Client.Tests;

public sealed class SharedCacheTests : IAsyncDisposable
{
    private const string List = "GET /api/v1/configmaps";

    // A window of two events: whoever misses more has to list again.
    private readonly ClientWorld _world = new(new ApiServerOptions { WatchWindow = 2 });
    private readonly SharedCache<V1ConfigMap> _cache;
    private readonly List<string> _seen = [];

    public SharedCacheTests()
    {
        _cache = new(_world.Client, _world.Time, _world.Entropy, NullLogger.Instance);
        _cache.AddIndex("color", m => m.Metadata.Labels is { } labels && labels.TryGetValue("color", out var color) ? [color] : []);
        _cache.OnChange(change =>
        {
            // Handlers see the cache as it is after the change.
            Assert.Equal(change.New, _cache.Get(Key(change.Latest.Metadata.Name)));
            _seen.Add($"{(change.Old is null ? "+" : change.New is null ? "-" : "~")}{change.Latest.Metadata.Name}");
        });
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void It_shows_what_was_there_and_what_changes()
    {
        _world.CreateConfigMap("b");
        _world.CreateConfigMap("a");
        Assert.False(_cache.Synced.IsCompleted);
        Start();
        Assert.True(_cache.Synced.IsCompletedSuccessfully);
        Assert.Equal(["+a", "+b"], _seen);

        _world.CreateConfigMap("c");
        _world.Paint("a", "red");
        _world.DeleteConfigMap("b");
        _world.Run(1);
        Assert.Equal(["+a", "+b", "+c", "~a", "-b"], _seen);
        Assert.Equal(["a", "c"], _cache.Snapshot.Keys.Select(k => k.Name));
        Assert.Equal("red", _cache.Get(Key("a"))!.Metadata.Labels["color"]);
        Assert.Null(_cache.Get(Key("b")));
        Assert.Equal(1, _world.Link.Requests.Count(r => r == List));
    }

    [Fact]
    public void A_server_that_is_away_at_first_is_asked_until_it_answers()
    {
        _world.CreateConfigMap("a");
        _world.Link.Cut();
        Start(5);
        Assert.False(_cache.Synced.IsCompleted);
        Assert.InRange(_world.Link.Requests.Count, 5, 20);
        _world.Link.Mend();
        _world.Run(1);
        Assert.Equal(["+a"], _seen);
    }

    [Fact]
    public void After_a_short_interruption_the_watch_resumes_without_another_list()
    {
        Start();
        _world.Link.Cut();
        _world.CreateConfigMap("a");
        _world.Run(3);
        Assert.Empty(_seen);
        _world.Link.Mend();
        _world.Run(1);
        Assert.Equal(["+a"], _seen);
        Assert.Equal(1, _world.Link.Requests.Count(r => r == List));
    }

    [Fact]
    public void After_a_long_interruption_it_lists_again_and_handlers_see_the_difference()
    {
        _world.CreateConfigMap("gone");
        _world.CreateConfigMap("same");
        var first = _world.CreateConfigMap("again", "red");
        _world.CreateConfigMap("changed");
        Start();
        _seen.Clear();

        _world.Link.Cut();
        _world.Run(1);
        _world.DeleteConfigMap("gone");
        _world.DeleteConfigMap("again");
        var second = _world.CreateConfigMap("again", "blue");
        _world.Paint("changed", "green");
        _world.CreateConfigMap("new");
        _world.Link.Mend();
        _world.Run(2);

        Assert.Equal(2, _world.Link.Requests.Count(r => r == List));
        Assert.NotEqual(first.Metadata.Uid, second.Metadata.Uid);
        Assert.Equal(["+again", "+new", "-again", "-gone", "~changed"], _seen.Order(StringComparer.Ordinal));
        Assert.True(_seen.IndexOf("-again") < _seen.IndexOf("+again"));
        Assert.Equal(second.Metadata.Uid, _cache.Get(Key("again"))!.Metadata.Uid);
        Assert.Equal(["again"], Names("blue"));
        Assert.Empty(Names("red"));

        _world.DeleteConfigMap("new");
        _world.Run(1);
        Assert.Equal("-new", _seen[^1]);
    }

    [Fact]
    public void An_index_follows_its_objects()
    {
        _world.CreateConfigMap("b", "red");
        _world.CreateConfigMap("a", "red");
        _world.CreateConfigMap("plain");
        Start();
        Assert.Equal(["a", "b"], Names("red"));
        Assert.Empty(Names("blue"));

        _world.Paint("a", "blue");
        _world.DeleteConfigMap("b");
        _world.Run(1);
        Assert.Empty(Names("red"));
        Assert.Equal(["a"], Names("blue"));
    }

    [Fact]
    public void A_condition_is_waited_for()
    {
        Start();
        var waiting = _world.Start(async stop => await _cache.WaitUntilAsync(() => _cache.Get(Key("b")) is not null, stop));
        _world.CreateConfigMap("a");
        _world.Run(1);
        Assert.False(waiting.HasEnded);
        _world.CreateConfigMap("b");
        _world.Run(1);
        Assert.True(waiting.HasEnded);
        _world.Do(async stop => await _cache.WaitUntilAsync(() => _cache.Get(Key("b")) is not null, stop));
    }

    [Fact]
    public void Waiting_for_a_condition_can_be_given_up()
    {
        Start();
        var asked = 0;
        var waiting = _world.Start(async stop =>
            await _cache.WaitUntilAsync(
                () =>
                {
                    asked++;
                    return false;
                },
                stop
            )
        );
        _world.Run(1);
        waiting.Stop();
        _world.Run(1);
        Assert.True(waiting.HasEnded);
        asked = 0;
        _world.CreateConfigMap("a");
        _world.Run(1);
        Assert.Equal(["+a"], _seen);
        Assert.Equal(0, asked);
    }

    [Fact]
    public void Who_waits_for_the_revision_of_a_write_sees_the_write_afterwards()
    {
        Start();
        _world.Link.Cut();
        var sees = false;
        var waiting = _world.Start(async stop =>
        {
            var written = await _world.User.CreateAsync(ClientWorld.ConfigMap("a"), stop);
            Assert.Null(_cache.Get(Key("a")));
            await _cache.WaitForRevisionAsync(ulong.Parse(written.Metadata.ResourceVersion), stop);
            sees = _cache.Get(Key("a")) is not null;
        });
        _world.Run(5);
        Assert.False(waiting.HasEnded);
        _world.Link.Mend();
        _world.Run(1);
        Assert.True(waiting.HasEnded);
        Assert.True(sees);
    }

    [Fact]
    public void Bookmarks_move_the_revision_while_nothing_of_the_kind_changes()
    {
        Start();
        ulong written = 0;
        _world.Do(async stop => written = ulong.Parse((
                    await _world.User.CreateAsync(
                        new V1Namespace
                        {
                            ApiVersion = "v1",
                            Kind = "Namespace",
                            Metadata = new() { Name = "team" },
                        },
                        stop
                    )
                ).Metadata.ResourceVersion));
        _world.Run(120);
        Assert.InRange(_cache.Revision, written, ulong.MaxValue);
        Assert.Empty(_seen);
    }

    [Fact]
    public void It_ends_when_it_is_stopped()
    {
        var running = _world.Start(_cache.RunAsync);
        _world.Run(1);
        running.Stop();
        _world.Run(1);
        Assert.True(running.HasEnded);
        _world.CreateConfigMap("a");
        _world.Run(1);
        Assert.Empty(_seen);
    }

    private void Start(double seconds = 1)
    {
        _world.Start(_cache.RunAsync);
        _world.Run(seconds);
    }

    private IEnumerable<string> Names(string color) => _cache.ByIndex("color", color).Select(m => m.Metadata.Name);

    private static ObjectKey Key(string name) => new("default", name);
}
