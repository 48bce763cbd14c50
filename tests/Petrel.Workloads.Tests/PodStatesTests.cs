using k8s.Models;

namespace Petrel.Workloads.Tests;

public sealed class PodStatesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Pending", false, true, false, false)]
    [InlineData("Running", false, true, false, false)]
    [InlineData("Unknown", false, true, false, false)]
    [InlineData(null, false, true, false, false)]
    [InlineData("Running", true, false, false, true)]
    [InlineData("Succeeded", false, false, true, false)]
    [InlineData("Failed", false, false, true, false)]
    [InlineData("Failed", true, false, true, false)]
    public void Phase_and_deletion_say_whether_a_pod_counts(string? phase, bool deleting, bool active, bool finished, bool terminating)
    {
        var pod = Pod(phase, deleting: deleting);
        Assert.Equal((active, finished, terminating, deleting), (pod.IsActive(), pod.IsFinished(), pod.IsTerminating(), pod.IsDeleting()));
    }

    [Fact]
    public void A_pod_is_ready_by_its_condition()
    {
        Assert.True(Pod("Running", ready: "True").IsReady());
        Assert.False(Pod("Running", ready: "False").IsReady());
        Assert.False(Pod("Running", ready: "Unknown").IsReady());
        Assert.False(Pod("Running").IsReady());
        Assert.False(new V1Pod { Metadata = new() }.IsReady());
    }

    [Theory]
    [InlineData("True", 5, 0, 0, true)]
    [InlineData("True", 5, 10, 5, false)]
    [InlineData("True", 10, 10, 0, true)]
    [InlineData("True", 12, 10, -2, true)]
    [InlineData("False", 100, 0, null, false)]
    [InlineData("False", 100, 10, null, false)]
    public void A_pod_is_available_when_it_was_ready_for_long_enough(
        string ready,
        int since,
        int minReadySeconds,
        int? wait,
        bool available
    )
    {
        var pod = Pod("Running", ready: ready, since: Now.UtcDateTime.AddSeconds(-since));
        Assert.Equal(wait, (int?)pod.UntilAvailable(minReadySeconds, Now)?.TotalSeconds);
        Assert.Equal(available, pod.IsAvailable(minReadySeconds, Now));
    }

    [Fact]
    public void Without_a_transition_time_a_ready_pod_is_available_only_when_no_time_is_asked_for()
    {
        Assert.True(Pod("Running", ready: "True").IsAvailable(0, Now));
        Assert.False(Pod("Running", ready: "True").IsAvailable(1, Now));
        Assert.Null(Pod("Running", ready: "True").ReadySince());
        Assert.Null(Pod("Running", ready: "False", since: Now.UtcDateTime).ReadySince());
        // The deserializer gives times without a kind: they are UTC.
        var unspecified = DateTime.SpecifyKind(Now.UtcDateTime, DateTimeKind.Unspecified);
        Assert.Equal(Now, Pod("Running", ready: "True", since: unspecified).ReadySince());
    }

    [Fact]
    public void A_sidecar_is_an_init_container_that_always_restarts()
    {
        Assert.True(new V1Container { RestartPolicy = "Always" }.IsSidecar());
        Assert.False(new V1Container { RestartPolicy = "OnFailure" }.IsSidecar());
        Assert.False(new V1Container().IsSidecar());
    }

    private static V1Pod Pod(string? phase, bool deleting = false, string? ready = null, DateTime? since = null) =>
        new()
        {
            Metadata = new() { Name = "p", DeletionTimestamp = deleting ? Now.UtcDateTime : null },
            Status = new()
            {
                Phase = phase,
                Conditions = ready is null
                    ? null
                    :
                    [
                        new() { Type = "Initialized", Status = "True" },
                        new()
                        {
                            Type = "Ready",
                            Status = ready,
                            LastTransitionTime = since,
                        },
                    ],
            },
        };
}
