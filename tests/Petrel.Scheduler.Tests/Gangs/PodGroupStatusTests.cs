using k8s.Models;
using Petrel.Scheduler.Gangs;

namespace Petrel.Scheduler.Tests.Gangs;

/// <summary>What a PodGroup's status says of its pods.</summary>
public sealed class PodGroupStatusTests
{
    private static readonly DateTime Now = new(2026, 11, 26, 10, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("", "Pending 0 0 0 False")]
    [InlineData("waiting", "Pending 1 0 0 False")]
    [InlineData("waiting waiting", "Scheduling 2 0 0 False")]
    [InlineData("waiting refused", "Unschedulable 2 0 0 False")]
    [InlineData("bound refused", "Unschedulable 2 1 0 False")]
    [InlineData("bound bound", "Scheduled 2 2 0 True")]
    [InlineData("bound bound refused", "Scheduled 3 2 0 True")]
    [InlineData("Running bound", "Scheduled 2 2 1 True")]
    [InlineData("Running Running", "Running 2 2 2 True")]
    [InlineData("Running Succeeded", "Running 2 2 1 True")]
    [InlineData("Succeeded Succeeded", "Finished 2 2 0 True")]
    [InlineData("Succeeded Succeeded Running", "Running 3 3 1 True")]
    [InlineData("Failed Running", "Pending 1 1 1 False")]
    [InlineData("Failed Running waiting", "Scheduling 2 1 1 False")]
    public void The_phase_follows_from_the_pods(string pods, string expected)
    {
        var status = PodGroupStatusPlan.Compute(Group(), [.. pods.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Pod)], Now);
        Assert.Equal(
            expected,
            $"{status.Phase} {status.Members} {status.Scheduled} {status.Running} {Assert.Single(status.Conditions!).Status}"
        );
        Assert.Equal(3, status.ObservedGeneration);
    }

    [Fact]
    public void The_condition_keeps_its_time_as_long_as_it_says_the_same_and_others_conditions_stay()
    {
        var group = Group();
        group.Status.Conditions = [new() { Type = "Other", Status = "True" }];
        group.Status = PodGroupStatusPlan.Compute(group, [Pod("waiting")], Now);
        var later = PodGroupStatusPlan.Compute(group, [Pod("waiting"), Pod("refused")], Now.AddHours(1));
        Assert.Equal(["Other", "Scheduled"], later.Conditions!.Select(c => c.Type));
        Assert.Equal(
            (Now, "Unschedulable", "no room"),
            (later.Conditions![1].LastTransitionTime, later.Conditions[1].Reason, later.Conditions[1].Message)
        );
        Assert.Equal(
            Now.AddHours(1),
            PodGroupStatusPlan.Compute(group, [Pod("bound"), Pod("bound")], Now.AddHours(1)).Conditions![1].LastTransitionTime
        );
        Assert.True(PodGroupStatusPlan.Same(later, PodGroupStatusPlan.Compute(group, [Pod("waiting"), Pod("refused")], Now.AddHours(2))));
        Assert.False(PodGroupStatusPlan.Same(group.Status, later));
    }

    private static PodGroup Group() =>
        new()
        {
            Metadata = new() { Name = "g", Generation = 3 },
            Spec = new() { MinMember = 2 },
        };

    private static V1Pod Pod(string state)
    {
        var pod = Make.Pod(state, node: state is "waiting" or "refused" ? null : "n");
        pod.Status = new()
        {
            Phase = state is "waiting" or "refused" or "bound" ? "Pending" : state,
            Conditions =
                state == "refused"
                    ?
                    [
                        new()
                        {
                            Type = "PodScheduled",
                            Status = "False",
                            Reason = "Unschedulable",
                            Message = "no room",
                        },
                    ]
                    : null,
        };
        return pod;
    }
}
