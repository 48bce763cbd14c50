using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Tests.Faults;
using Petrel.Simulation.Timelines;
using Petrel.Store;

namespace Petrel.Simulation.Tests.Timelines;

public sealed class TimelineTests
{
    [Fact]
    public void A_run_is_told_by_who_did_what_when()
    {
        var scale = new PlannedOperation
        {
            At = TimeSpan.FromSeconds(20),
            Kind = OperationKind.Scale,
            Target = RehearsedWorld.Web,
            Replicas = 3,
        };
        var fault = new PlannedFault
        {
            At = TimeSpan.FromSeconds(30),
            Kind = NodeCrash.Definition.Name,
            Target = "node1",
            Duration = TimeSpan.FromSeconds(5),
        };
        using var run = new RehearsedWorld([fault], [RehearsedWorld.Deploy(1, 2), scale]);

        string[] wanted =
        [
            "user",
            "begins: apply deployments/default/web",
            "user",
            "deployment/web created with 2 replicas (web:1)",
            "controllers#1",
            "created for replicaset/web-",
            "scheduler#1",
            "bound to node",
            "node",
            "started",
            "user",
            "deployment/web scaled 2 -> 3",
            "fault",
            "begins: node1 has no power",
            "node1#1",
            "killed",
            "fault",
            "ends: node1 has no power",
        ];
        var last = 0;
        foreach (var (who, what) in wanted.Chunk(2).Select(pair => (pair[0], pair[1])))
        {
            var at = run.Entries.FindIndex(last, e =>
                e.Who.StartsWith(who, StringComparison.Ordinal) && e.What.Contains(what, StringComparison.Ordinal)
            );
            Assert.True(at >= last, $"after entry {last}: {who}: {what}");
            last = at;
        }
    }

    [Fact]
    public void What_is_stored_beside_objects_is_passed_over()
    {
        var told = new List<TimelineEntry>();
        var recorder = new TimelineRecorder(TimeProvider.System, told.Add);
        recorder.Committed([
            StoreOperation.Put("/petrel/allocations/services/10.96.0.1", "default/db"u8.ToArray()),
            StoreOperation.Put("/registry/core/services/default/db", """{"metadata":{"name":"db"}}"""u8.ToArray()),
        ]);
        Assert.Equal("service/db created", Assert.Single(told).What);
    }

    [Theory]
    [InlineData("pods", true)]
    [InlineData("pods/web-1", true)]
    [InlineData("pods/default/web-1", true)]
    [InlineData("pods/other/web-1", false)]
    [InlineData("pods/web", false)]
    [InlineData("nodes/web-1", false)]
    public void Objects_are_chosen_by_resource_and_name(string name, bool chosen) =>
        Assert.Equal(chosen, Commit(5, "pods/default/web-1").IsAbout(name));

    [Fact]
    public void A_filter_shows_a_time_and_an_object_and_whatever_breaks()
    {
        var filter = new TimelineFilter
        {
            From = TimeSpan.FromSeconds(5),
            Until = TimeSpan.FromSeconds(10),
            Object = "pods/web-1",
        };

        Assert.True(filter.Shows(Commit(5, "pods/default/web-1")));
        Assert.False(filter.Shows(Commit(4, "pods/default/web-1")));
        Assert.False(filter.Shows(Commit(11, "pods/default/web-1")));
        Assert.False(filter.Shows(Commit(5, "pods/default/web-2")));
        Assert.False(filter.Shows(Commit(5, "pods/default/web-1") with { IsDetail = true }));
        Assert.True((filter with { Details = true }).Shows(Commit(5, "pods/default/web-1") with { IsDetail = true }));
        Assert.True(filter.Shows(Commit(5, "") with { Kind = TimelineKind.Fault }));
        Assert.True(filter.Shows(Commit(90, "") with { Kind = TimelineKind.Finding }));
    }

    [Fact]
    public void Lines_are_aligned() =>
        Assert.Equal(
            "   12.500 s  ! fault            node1 has no power",
            TimelineText.Of(new(TimeSpan.FromSeconds(12.5), TimelineKind.Fault, "fault", "node1 has no power"))
        );

    private static TimelineEntry Commit(double at, string about) => new(TimeSpan.FromSeconds(at), TimelineKind.Commit, "user", "x", about);
}
