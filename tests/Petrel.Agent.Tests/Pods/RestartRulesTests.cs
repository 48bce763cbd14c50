using k8s.Models;

namespace Petrel.Agent.Tests.Pods;

/// <summary>Restart policies and restart rules of single containers.</summary>
public sealed class RestartRulesTests : AgentTestBed
{
    [Theory]
    [InlineData("Never", "In", 42, true)]
    [InlineData("Never", "In", 41, false)]
    [InlineData("Never", "NotIn", 42, false)]
    [InlineData("Never", "NotIn", 41, true)]
    [InlineData("OnFailure", "In", 41, true)] // No rule matches: the container's policy counts.
    public void A_rule_decides_before_the_containers_policy(string policy, string operation, int exitCode, bool restarts)
    {
        Behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = exitCode };
        Create(Pod("job", p =>
            {
                p.Spec.RestartPolicy = "Never";
                p.Spec.Containers[0].RestartPolicy = policy;
                p.Spec.Containers[0].RestartPolicyRules =
                [
                    new()
                    {
                        Action = "Restart",
                        ExitCodes = new() { OperatorProperty = operation, Values = [42] },
                    },
                ];
            }));
        Run(15);
        var status = Get<V1Pod>("job").Status;
        Assert.Equal(restarts, Assert.Single(status.ContainerStatuses).RestartCount > 0);
        Assert.Equal(restarts ? "Running" : "Failed", status.Phase);
    }

    [Fact]
    public void A_pod_ends_when_all_of_its_containers_have_ended_by_their_own_policies()
    {
        Behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 0 };
        Create(Pod("job", p =>
            {
                p.Spec.RestartPolicy = "Always";
                p.Spec.Containers[0].RestartPolicy = "OnFailure";
            }));
        Run(15);
        Assert.Equal("Succeeded", Get<V1Pod>("job").Status.Phase);
    }

    [Fact]
    public void An_init_container_with_its_own_policy_fails_the_pod_or_runs_again()
    {
        Behaviours["setup"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 };
        foreach (var (own, ofPod, phase) in ((string, string, string)[])[("Never", "Always", "Failed"), ("OnFailure", "Never", "Pending")])
        {
            var name = own.ToLowerInvariant();
            Create(Pod(name, p =>
                {
                    p.Spec.RestartPolicy = ofPod;
                    p.Spec.InitContainers =
                    [
                        new()
                        {
                            Name = "setup",
                            Image = "web:1",
                            RestartPolicy = own,
                        },
                    ];
                }));
            Run(15);
            Assert.Equal(phase, Get<V1Pod>(name).Status.Phase);
        }
    }
}
