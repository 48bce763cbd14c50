using System.Text;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Network.Watches;
using Petrel.Store;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class WatchHistoryInvariantTests
{
    private const string Prefix = "/registry/core/pods/";

    private readonly List<string> _problems = [];
    private readonly WatchHistoryInvariant _invariant;
    private long _revision;

    public WatchHistoryInvariantTests() => _invariant = new(100, (_, problem) => _problems.Add(problem));

    [Fact]
    public void Every_change_once_and_in_order_is_right()
    {
        Put("default/a");
        var watch = Watch(after: 1);
        Put("default/b");
        Put("default/a");
        Delete("default/b");
        Receive(watch, ObservedEventType.Added, "default/b", 2);
        Receive(watch, ObservedEventType.Modified, "default/a", 3);
        Receive(watch, ObservedEventType.Bookmark, "", 3);
        Receive(watch, ObservedEventType.Deleted, "default/b", 4);
        Receive(watch, ObservedEventType.Bookmark, "", 4);

        Assert.Empty(_problems);
        Assert.Equal(5, _invariant.Judged);
    }

    [Fact]
    public void A_gap_is_found()
    {
        var watch = Watch(after: 1);
        Put("default/a");
        Put("default/b");
        Put("default/c");
        Receive(watch, ObservedEventType.Added, "default/c", 3);

        Assert.Contains("next is Added default/b of revision 2", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_duplicate_is_found()
    {
        var watch = Watch(after: 1);
        Put("default/a");
        Put("default/b");
        Receive(watch, ObservedEventType.Added, "default/b", 2);
        Receive(watch, ObservedEventType.Added, "default/b", 2);

        Assert.Contains("received before", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_type_is_found()
    {
        var watch = Watch(after: 1);
        Put("default/a");
        Put("default/a");
        Receive(watch, ObservedEventType.Added, "default/a", 2);

        Assert.Contains("next is Modified", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bookmark_ahead_of_what_was_received_is_found()
    {
        var watch = Watch(after: 1);
        Put("default/a");
        Put("default/b");
        Receive(watch, ObservedEventType.Bookmark, "", 2);

        Assert.Contains("was not received", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bookmark_ahead_of_the_store_is_found()
    {
        var watch = Watch(after: 1);
        Put("default/a");
        Receive(watch, ObservedEventType.Bookmark, "", 9);

        Assert.Contains("the store is at 1", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_come_and_go_with_the_selection()
    {
        var node = Watch(after: 1, fields: "spec.nodeName=node1");
        var web = Watch(after: 1, labels: "app=web");
        var other = Watch(after: 1, space: "other");
        Put("default/z");
        Put("default/a", """{"metadata":{"labels":{"app":"web"}},"spec":{}}""");
        Put("default/a", """{"metadata":{"labels":{"app":"web"}},"spec":{"nodeName":"node1"}}""");
        Put("default/a", """{"metadata":{"labels":{"app":"db"}},"spec":{"nodeName":"node1"}}""");
        Receive(node, ObservedEventType.Added, "default/a", 3);
        Receive(node, ObservedEventType.Modified, "default/a", 4);
        Receive(web, ObservedEventType.Added, "default/a", 2);
        Receive(web, ObservedEventType.Modified, "default/a", 3);
        Receive(web, ObservedEventType.Deleted, "default/a", 4);
        Receive(other, ObservedEventType.Bookmark, "", 4);

        Assert.Empty(_problems);
    }

    [Fact]
    public void Two_watchers_that_get_different_bytes_are_found()
    {
        var (one, two) = (Watch(after: 1), Watch(after: 1));
        Put("default/z");
        Put("default/a");
        Receive(one, ObservedEventType.Added, "default/a", 2, hash: 1);
        Receive(two, ObservedEventType.Added, "default/a", 2, hash: 2);

        Assert.Contains("other bytes", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_of_what_is_there_is_judged_from_its_first_bookmark()
    {
        Put("default/a");
        Put("default/b");
        var watch = Watch(after: null);
        Receive(watch, ObservedEventType.Added, "default/b", 2);
        Receive(watch, ObservedEventType.Bookmark, "", 2);
        Put("default/c");
        Put("default/d");
        Receive(watch, ObservedEventType.Added, "default/d", 4);

        Assert.Contains("next is Added default/c", Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_long_forgotten_is_not_judged()
    {
        for (var n = 0; n < 500; n++)
        {
            Put($"default/{n}");
        }
        var watch = Watch(after: 1);
        Receive(watch, ObservedEventType.Added, "default/499", 500);

        Assert.Empty(_problems);
    }

    private void Put(string path, string document = """{"metadata":{}}""") =>
        _invariant.Committed([StoreOperation.Put(Prefix + path, Encoding.UTF8.GetBytes(document))], ++_revision);

    private void Delete(string path) => _invariant.Committed([StoreOperation.Delete(Prefix + path)], ++_revision);

    private void Receive(ObservedWatch watch, ObservedEventType type, string path, long revision, ulong? hash = null) =>
        _invariant.Received(watch, new(type, path, revision, hash ?? (ulong)revision));

    private ObservedWatch Watch(long? after, string labels = "", string fields = "", string space = "")
    {
        var watch = new ObservedWatch
        {
            Watcher = "test#1",
            Group = "",
            Version = "v1",
            Resource = "pods",
            Namespace = space,
            LabelSelector = labels,
            FieldSelector = fields,
            After = after,
            Accept = "application/json",
        };
        _invariant.Began(watch);
        return watch;
    }
}
