using System.Globalization;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Model;

namespace Petrel.Client.Tests;

public sealed class EventRecorderTests : IAsyncDisposable
{
    private readonly ClientWorld _world = new();
    private readonly EventRecorder _events;
    private readonly V1ConfigMap _about;

    public EventRecorderTests()
    {
        _events = new(_world.Client, "tester", "n1", _world.Time, _world.Entropy, NullLogger.Instance);
        _about = _world.CreateConfigMap("a");
        // As objects of a cache have it: without kind and version.
        (_about.Kind, _about.ApiVersion) = (null, null);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void An_event_says_what_happened_to_which_object_and_who_says_so()
    {
        Start();
        _events.Record(_about, "Warning", "Odd", "It is odd.", "data{x}");
        _world.Run(1);
        var sent = Assert.Single(Sent());
        Assert.Equal(("Warning", "Odd", "It is odd.", 1), (sent.Type, sent.Reason, sent.Message, sent.Count));
        Assert.Equal(
            ("v1", "ConfigMap", "default", "a", _about.Metadata.Uid, "data{x}"),
            (
                sent.InvolvedObject.ApiVersion,
                sent.InvolvedObject.Kind,
                sent.InvolvedObject.NamespaceProperty,
                sent.InvolvedObject.Name,
                sent.InvolvedObject.Uid,
                sent.InvolvedObject.FieldPath
            )
        );
        Assert.Equal(
            ("tester", "n1", "tester", "n1"),
            (sent.Source.Component, sent.Source.Host, sent.ReportingComponent, sent.ReportingInstance)
        );
        Assert.Equal(sent.FirstTimestamp, sent.LastTimestamp);
        Assert.StartsWith("a.", sent.Metadata.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_event_again_raises_its_count()
    {
        Start();
        for (var i = 0; i < 3; i++)
        {
            _events.Record(_about, "Normal", "Seen", "Seen it.");
            _world.Run(10);
        }
        var sent = Assert.Single(Sent());
        Assert.Equal(3, sent.Count);
        Assert.Equal(20, (sent.LastTimestamp - sent.FirstTimestamp)!.Value.TotalSeconds);
    }

    [Fact]
    public void Names_are_in_the_order_of_the_events_even_within_one_moment()
    {
        Start();
        for (var i = 0; i < 20; i++)
        {
            _events.Record(_about, "Normal", "Seen", $"Seen {i}.");
        }
        _world.Run(1);
        _events.Record(_about, "Normal", "Seen", "Seen last.");
        _world.Run(1);
        var names = Sent().OrderBy(e => e.Metadata.Name, StringComparer.Ordinal).Select(e => e.Message);
        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => $"Seen {i}."), "Seen last."], names);
        Assert.All(Sent(), e => Assert.Matches("^a\\.[0-9a-f]{16}$", e.Metadata.Name));
    }

    [Fact]
    public void Two_recorders_that_see_something_at_the_same_moment_record_both()
    {
        var other = new EventRecorder(_world.Client, "other", "n2", _world.Time, _world.Entropy, NullLogger.Instance);
        Start();
        _world.Start(other.RunAsync);
        _events.Record(_about, "Normal", "Seen", "Seen here.");
        other.Record(_about, "Normal", "Seen", "Seen there.");
        _world.Run(1);
        Assert.Equal(2, Sent().Count);
    }

    [Fact]
    public void What_differs_in_anything_is_another_event()
    {
        Start();
        var other = _world.CreateConfigMap("b");
        _events.Record(_about, "Normal", "Seen", "Seen it.");
        _events.Record(_about, "Warning", "Seen", "Seen it.");
        _events.Record(_about, "Normal", "Heard", "Seen it.");
        _events.Record(_about, "Normal", "Seen", "Seen them.");
        _events.Record(_about, "Normal", "Seen", "Seen it.", "data");
        _events.Record(other, "Normal", "Seen", "Seen it.");
        _world.Run(1);
        Assert.Equal(6, Sent().Count);
        Assert.All(Sent(), e => Assert.Equal(1, e.Count));
    }

    [Fact]
    public void An_event_that_has_expired_is_sent_anew()
    {
        Start();
        _events.Record(_about, "Normal", "Seen", "Seen it.");
        _world.Run(1);
        var name = Sent().Single().Metadata.Name;
        _world.Do(async stop => await _world.User.DeleteAsync<Corev1Event>(new ObjectKey("default", name), new(), stop));
        _events.Record(_about, "Normal", "Seen", "Seen it.");
        _world.Run(1);
        Assert.Equal(1, Assert.Single(Sent()).Count);
    }

    [Fact]
    public void Recording_never_blocks_and_a_full_queue_drops_the_newest()
    {
        for (var i = 0; i < 1500; i++)
        {
            _events.Record(_about, "Normal", "Seen", $"{i:d4}");
        }
        Start();
        _world.Run(5);
        Assert.Equal(Enumerable.Range(0, 1000), Sent().Select(e => int.Parse(e.Message, CultureInfo.InvariantCulture)).Order());
        _events.Record(_about, "Normal", "Seen", "later");
        _world.Run(1);
        Assert.Contains(Sent(), e => e.Message == "later");
    }

    [Fact]
    public void An_event_that_the_server_did_not_take_is_lost_and_the_next_is_sent()
    {
        Start();
        _world.Link.Cut();
        _events.Record(_about, "Normal", "Seen", "lost");
        _world.Run(1);
        _world.Link.Mend();
        _events.Record(_about, "Normal", "Seen", "found");
        _world.Run(1);
        Assert.Equal("found", Assert.Single(Sent()).Message);
    }

    [Fact]
    public void A_request_that_times_out_does_not_end_the_recorder()
    {
        var running = _world.Start(_events.RunAsync);
        _world.Link.Failure = new TaskCanceledException("timed out");
        _world.Link.Cut();
        _events.Record(_about, "Normal", "Seen", "lost");
        _world.Run(1);
        Assert.False(running.HasEnded);
        _world.Link.Mend();
        _events.Record(_about, "Normal", "Seen", "found");
        _world.Run(1);
        Assert.Equal("found", Assert.Single(Sent()).Message);
    }

    [Fact]
    public void Events_of_cluster_scoped_objects_are_in_the_default_namespace()
    {
        Start();
        _events.Record(
            new V1Node
            {
                Metadata = new() { Name = "n1", Uid = "n1" },
            },
            "Normal",
            "Starting",
            "Starts."
        );
        _world.Run(1);
        var sent = Assert.Single(Sent());
        Assert.Equal(
            ("v1", "Node", null),
            (sent.InvolvedObject.ApiVersion, sent.InvolvedObject.Kind, sent.InvolvedObject.NamespaceProperty)
        );
    }

    [Fact]
    public void Kinds_of_a_group_say_so_and_long_messages_are_cut()
    {
        Start();
        _events.Record(
            new V1Deployment
            {
                Metadata = new()
                {
                    Name = "d",
                    NamespaceProperty = "default",
                    Uid = "d",
                },
            },
            "Normal",
            "Long",
            new string('x', 5000)
        );
        _world.Run(1);
        var sent = Assert.Single(Sent());
        Assert.Equal(("apps/v1", "Deployment"), (sent.InvolvedObject.ApiVersion, sent.InvolvedObject.Kind));
        Assert.Equal(1024, sent.Message.Length);
    }

    [Fact]
    public void It_ends_when_it_is_stopped()
    {
        var running = _world.Start(_events.RunAsync);
        _world.Run(1);
        running.Stop();
        _world.Run(1);
        Assert.True(running.HasEnded);
    }

    private void Start() => _world.Start(_events.RunAsync);

    private IReadOnlyList<Corev1Event> Sent()
    {
        IReadOnlyList<Corev1Event> all = [];
        _world.Do(async stop => (all, _) = await _world.User.ListAsync<Corev1Event>("default", stop));
        return all;
    }
}
