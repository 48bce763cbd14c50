using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Agent.Runtimes.Simulated;

namespace Petrel.Agent.Tests.Pods;

/// <summary>What the agent reports of a pod, and that nobody else's word about it stays.</summary>
public sealed class PodConditionsTests : AgentTestBed
{
    [Fact]
    public void A_condition_that_becomes_true_loses_its_reason_and_message()
    {
        var healthy = false;
        Behaviours["main"] = new() { Exec = _ => new SimulatedCommand(healthy ? 0 : 1) };
        Create(Pod("web", p => p.Spec.Containers[0].ReadinessProbe = new()
                {
                    Exec = new() { Command = ["check"] },
                    PeriodSeconds = 1,
                }));
        Run(10);
        var unready = Condition("web", "Ready");
        Assert.Equal(("False", "ContainersNotReady"), (unready.Status, unready.Reason));
        Assert.Equal("containers with unready status: [main]", unready.Message);
        healthy = true;
        Run(3);
        foreach (var type in (string[])["Ready", "ContainersReady", "Initialized", "PodReadyToStartContainers"])
        {
            var condition = Condition("web", type);
            Assert.Equal(("True", null, null), (condition.Status, condition.Reason, condition.Message));
        }
    }

    [Fact]
    public void A_sidecar_that_crashes_makes_the_pod_unready_and_leaves_it_initialized()
    {
        Behaviours["proxy"] = new() { EndsAfter = TimeSpan.FromSeconds(12), ExitCode = 1 };
        Create(Pod("web", p => p.Spec.InitContainers = [
                    new()
                    {
                        Name = "proxy",
                        Image = "web:1",
                        RestartPolicy = "Always",
                    },
                ]));
        Run(10);
        Assert.Equal("True", Condition("web", "Ready").Status);
        Run(22); // The sidecar has crashed twice and backs off.
        Assert.Equal("True", Condition("web", "Initialized").Status);
        Assert.Equal("containers with unready status: [proxy]", Condition("web", "Ready").Message);
        Assert.Equal("containers with unready status: [proxy]", Condition("web", "ContainersReady").Message);
    }

    [Fact]
    public void A_readiness_gate_says_what_it_waits_for()
    {
        Create(
            Pod("web", p => p.Spec.ReadinessGates = [new() { ConditionType = "example.com/a" }, new() { ConditionType = "example.com/b" }])
        );
        Run(8);
        Patch("web", Set("example.com/b", "False"));
        Run(2);
        var ready = Condition("web", "Ready");
        Assert.Equal(("False", "ReadinessGatesNotReady"), (ready.Status, ready.Reason));
        Assert.Equal(
            "corresponding condition of pod readiness gate \"example.com/a\" does not exist., "
                + "the status of pod readiness gate \"example.com/b\" is not \"True\", but False",
            ready.Message
        );
        Patch("web", Set("example.com/a", "True"));
        Patch("web", Set("example.com/b", "True"));
        Run(2);
        Assert.Equal(("True", null), (Condition("web", "Ready").Status, Condition("web", "Ready").Message));
    }

    [Fact]
    public void A_pod_that_was_called_unready_by_another_is_ready_again_at_once()
    {
        Create(Pod("web"));
        Run(10);
        // A false alarm as the node lifecycle controller raises it, several times within one second.
        for (var i = 0; i < 5; i++)
        {
            Patch("web", Set("Ready", "False", "NodeNotReady"));
            Run(0.2);
            var ready = Condition("web", "Ready");
            Assert.Equal(("True", null), (ready.Status, ready.Reason));
        }
    }

    [Fact]
    public void Conditions_of_others_stay()
    {
        Create(Pod("web"));
        Run(10);
        Patch("web", Set("example.com/mine", "True", "Because"));
        Patch("web", Set("Ready", "False"));
        Run(2);
        Assert.Equal(("True", "Because"), (Condition("web", "example.com/mine").Status, Condition("web", "example.com/mine").Reason));
        Assert.Equal("True", Condition("web", "Ready").Status);
    }

    private V1PodCondition Condition(string pod, string type) => Assert.Single(Get<V1Pod>(pod).Status.Conditions, c => c.Type == type);

    private static JsonObject Set(string type, string status, string? reason = null) =>
        new()
        {
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = type,
                        ["status"] = status,
                        ["reason"] = reason,
                    }
                ),
            },
        };

    private void Patch(string pod, JsonObject patch) =>
        Do(async stop => await User.PatchStrategicallyAsync<V1Pod>(new("default", pod), patch, stop, "status"));
}
