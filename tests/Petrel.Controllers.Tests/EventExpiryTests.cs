using k8s.Models;

namespace Petrel.Controllers.Tests;

/// <summary>Events expire an hour after their last update. The test is here because these tests have virtual time.</summary>
public sealed class EventExpiryTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(_ => []);

    [Fact]
    public void Events_go_an_hour_after_they_were_last_written()
    {
        Create("old");
        Create("repeated");
        _cluster.Run(50 * 60);
        _cluster.Change<Corev1Event>("repeated", e => (e.Count, e.LastTimestamp) = (2, _cluster.Now.UtcDateTime));
        Create("new");
        _cluster.Run(9 * 60);
        Assert.Equal(["new", "old", "repeated"], Names());
        _cluster.Run(8 * 60);
        Assert.Equal(["new", "repeated"], Names());
        _cluster.Run(60 * 60);
        Assert.Empty(Names());
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private IEnumerable<string> Names() => _cluster.List<Corev1Event>().Select(e => e.Metadata.Name);

    private void Create(string name) =>
        _cluster.Create(
            new Corev1Event
            {
                ApiVersion = "v1",
                Kind = "Event",
                Metadata = new() { Name = name, NamespaceProperty = "default" },
                InvolvedObject = new()
                {
                    Kind = "Pod",
                    Name = "p",
                    NamespaceProperty = "default",
                },
                Reason = "Tested",
                Type = "Normal",
                Count = 1,
                LastTimestamp = _cluster.Now.UtcDateTime,
            }
        );
}
