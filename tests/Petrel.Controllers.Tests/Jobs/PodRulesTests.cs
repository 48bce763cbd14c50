using k8s.Models;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.Nodes;

namespace Petrel.Controllers.Tests.Jobs;

public sealed class PodRulesTests
{
    [Theory]
    [InlineData(3, "FailJob", "Container main for pod default/p failed with exit code 3 matching FailJob rule at index 0")]
    [InlineData(7, "Ignore", "Container main for pod default/p failed with exit code 7 matching Ignore rule at index 1")]
    [InlineData(9, null, null)]
    [InlineData(0, null, null)]
    public void The_first_rule_that_matches_an_exit_code_decides(int code, string? action, string? message)
    {
        V1PodFailurePolicy policy = new()
        {
            Rules =
            [
                new()
                {
                    Action = "FailJob",
                    OnExitCodes = new() { OperatorProperty = "In", Values = [3, 4] },
                },
                new()
                {
                    Action = "Ignore",
                    OnExitCodes = new()
                    {
                        OperatorProperty = "NotIn",
                        Values = [9],
                        ContainerName = "main",
                    },
                },
                new()
                {
                    Action = "Count",
                    OnExitCodes = new()
                    {
                        OperatorProperty = "NotIn",
                        Values = [9],
                        ContainerName = "other",
                    },
                },
            ],
        };
        var failure = PodFailurePolicyRules.Evaluate(policy, JobObjects.Pod("p", "Failed", change: JobObjects.Exit(code)));
        Assert.Equal((action, message), (failure.Action, failure.Message));
        Assert.Equal(action != "Ignore", failure.Counts);
    }

    [Fact]
    public void Init_containers_have_exit_codes_too()
    {
        V1PodFailurePolicy policy = new()
        {
            Rules =
            [
                new()
                {
                    Action = "FailIndex",
                    OnExitCodes = new() { OperatorProperty = "In", Values = [5] },
                },
            ],
        };
        var pod = JobObjects.Pod("p", "Failed", change: p => p.Status.InitContainerStatuses = [
                new()
                {
                    Name = "init",
                    Image = "",
                    ImageID = "",
                    State = new() { Terminated = new() { ExitCode = 5 } },
                },
            ]);
        Assert.Equal("FailIndex", PodFailurePolicyRules.Evaluate(policy, pod).Action);
    }

    [Theory]
    [InlineData("DisruptionTarget", "True", "Ignore")]
    [InlineData("DisruptionTarget", "False", null)]
    [InlineData("ConfigIssue", "Unknown", "FailJob")]
    public void Conditions_match_by_type_and_status(string type, string status, string? action)
    {
        V1PodFailurePolicy policy = new()
        {
            Rules =
            [
                new() { Action = "Ignore", OnPodConditions = [new() { Type = "DisruptionTarget", Status = "True" }] },
                new()
                {
                    Action = "FailJob",
                    OnPodConditions = [new() { Type = "Other", Status = "True" }, new() { Type = "ConfigIssue", Status = "Unknown" }],
                },
            ],
        };
        var pod = JobObjects.Pod("p", "Failed", change: p => p.Status.Conditions = [new() { Type = type, Status = status }]);
        Assert.Equal(action, PodFailurePolicyRules.Evaluate(policy, pod).Action);
    }

    [Theory]
    [InlineData(null, 3, "0,5,9", true)]
    [InlineData(null, 4, "0,5,9", false)]
    [InlineData("0-2", null, "0-2,7", true)]
    [InlineData("0-2", null, "0,1,7", false)]
    [InlineData("0-4", 2, "1,4,9", true)]
    [InlineData("0-4", 2, "1,8,9", false)]
    [InlineData("20-30", null, "0-7", false)]
    public void A_success_rule_holds_for_its_indexes_or_as_many_of_them(string? indexes, int? count, string succeeded, bool holds)
    {
        V1SuccessPolicy policy = new()
        {
            Rules = [new() { SucceededIndexes = "6,8" }, new() { SucceededIndexes = indexes, SucceededCount = count }],
        };
        Assert.Equal(holds ? "Matched rules at index 1" : null, SuccessPolicyRules.Match(policy, IndexRanges.Parse(succeeded, 10), 10));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 0, 10)]
    [InlineData(1, 4, 6)]
    [InlineData(2, 0, 20)]
    [InlineData(6, 0, 320)]
    [InlineData(7, 0, 600)]
    [InlineData(500, 599, 1)]
    [InlineData(3, 60, 0)]
    public void The_delay_doubles_up_to_ten_minutes(int failures, double secondsAgo, double left) =>
        Assert.Equal(TimeSpan.FromSeconds(left), PodBackoff.Remaining(failures, JobObjects.Now.AddSeconds(-secondsAgo), JobObjects.Now));

    [Fact]
    public void Failures_count_since_the_last_success_and_only_once()
    {
        var backoff = new PodBackoff();
        backoff.RecordFailure(JobObjects.Pod("a", "Failed", change: JobObjects.Exit(1, 30)));
        backoff.RecordFailure(JobObjects.Pod("b", "Failed", change: JobObjects.Exit(1, 5)));
        backoff.RecordFailure(JobObjects.Pod("b", "Failed", change: JobObjects.Exit(1, 5)));
        Assert.Equal(TimeSpan.FromSeconds(15), backoff.Remaining(JobObjects.Now));
        backoff.RecordSuccess(JobObjects.Pod("c", "Succeeded", change: JobObjects.Exit(0, 20)));
        Assert.Equal(TimeSpan.FromSeconds(5), backoff.Remaining(JobObjects.Now));
        backoff.RecordFailure(JobObjects.Pod("a", "Failed", change: JobObjects.Exit(1, 30)));
        Assert.Equal(TimeSpan.FromSeconds(5), backoff.Remaining(JobObjects.Now));
        backoff.RecordSuccess(JobObjects.Pod("d", "Succeeded", change: JobObjects.Exit(0, 1)));
        Assert.Equal(TimeSpan.Zero, backoff.Remaining(JobObjects.Now));
    }
}
