using k8s.Models;
using Petrel.Controllers.Deployments;
using static Petrel.Controllers.Tests.Deployments.DeploymentObjects;

namespace Petrel.Controllers.Tests.Deployments;

/// <summary>What counts as progress of a rollout, and when it has taken too long.</summary>
public sealed class DeploymentProgressTests
{
    [Theory]
    [InlineData("one more new pod", 4, 1, 5, 5, "a 3/3, new 2/2", true)]
    [InlineData("one old pod less", 5, 1, 5, 5, "a 3/3, new 1/1", true)]
    [InlineData("one more ready pod", 4, 1, 2, 5, "a 3/3, new 1/0", true)]
    [InlineData("one more available pod", 4, 1, 5, 2, "a 3/3, new 1/0", true)]
    [InlineData("nothing new", 4, 1, 3, 3, "a 3/3, new 1/0", false)]
    [InlineData("one ready pod less", 4, 1, 4, 4, "a 3/3, new 1/0", false)]
    public void Progress_starts_the_deadline_anew(
        string rule,
        int replicas,
        int updated,
        int ready,
        int available,
        string sets,
        bool progresses
    )
    {
        var since = Now.AddSeconds(-100).UtcDateTime;
        var condition = Progressing(InProgress(since, replicas, updated, ready, available), sets);
        Assert.Equal(
            (rule, "True", "ReplicaSetUpdated", progresses ? Now.UtcDateTime : since),
            (rule, condition.Status, condition.Reason, condition.LastUpdateTime!.Value)
        );
    }

    [Theory]
    [InlineData(600, "True", "ReplicaSetUpdated")]
    [InlineData(601, "False", "ProgressDeadlineExceeded")]
    public void A_rollout_has_timed_out_after_its_deadline(int seconds, string status, string reason)
    {
        var condition = Progressing(InProgress(Now.AddSeconds(-seconds).UtcDateTime, 4, 1, 3, 3), "a 3/3, new 1/0");
        Assert.Equal((status, reason), (condition.Status, condition.Reason));
    }

    [Fact]
    public void It_is_planned_again_a_second_after_its_deadline()
    {
        var deployment = InProgress(Now.AddSeconds(-100).UtcDateTime, 4, 1, 3, 3);
        var plan = DeploymentPlan.Compute(deployment, Sets(deployment, "a 3/3, new 1/0"), [], Now);
        Assert.Equal(TimeSpan.FromSeconds(501), plan.RequeueAfter);
    }

    private static V1DeploymentCondition Progressing(V1Deployment deployment, string sets)
    {
        var actions = DeploymentPlan.Compute(deployment, Sets(deployment, sets), [], Now).Actions;
        var status = actions.OfType<UpdateDeploymentStatus>().SingleOrDefault()?.Value.Status ?? deployment.Status;
        return Assert.Single(status.Conditions, c => c.Type == "Progressing");
    }

    private static V1Deployment InProgress(DateTime since, int replicas, int updated, int ready, int available)
    {
        var deployment = Deployment(4, "0", "1");
        deployment.Spec.ProgressDeadlineSeconds = 600;
        deployment.Status = new()
        {
            ObservedGeneration = 1,
            Replicas = replicas,
            UpdatedReplicas = updated,
            ReadyReplicas = ready,
            AvailableReplicas = available,
            Conditions =
            [
                new()
                {
                    Type = "Progressing",
                    Status = "True",
                    Reason = "ReplicaSetUpdated",
                    LastUpdateTime = since,
                    LastTransitionTime = since,
                },
            ],
        };
        return deployment;
    }
}
