using System.Text.Json.Nodes;
using k8s.Models;

namespace Petrel.Agent.Tests.Pods;

/// <summary>Pods that were assigned to the node without the scheduler, and may not run there.</summary>
public sealed class NodeAdmissionTests : AgentTestBed
{
    [Fact]
    public void A_second_pod_with_the_same_host_port_fails()
    {
        Create(WithHostPort("one", 8080));
        Create(WithHostPort("other", 8081));
        Run(10);
        Create(WithHostPort("two", 8080));
        Run(5);
        Assert.Equal("Running", Get<V1Pod>("one").Status.Phase);
        Assert.Equal("Running", Get<V1Pod>("other").Status.Phase);
        AssertRefused("two", "NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");

        // The port is free again when its pod has ended.
        Delete("one");
        Run(5);
        Create(WithHostPort("three", 8080));
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("three").Status.Phase);
    }

    [Theory]
    [InlineData("disk", "ssd")]
    [InlineData("kubernetes.io/hostname", "node2")]
    public void A_pod_whose_node_selector_does_not_match_fails(string label, string value)
    {
        Create(Pod("web", p => p.Spec.NodeSelector = new Dictionary<string, string> { [label] = value }));
        Run(5);
        AssertRefused("web", "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
    }

    [Fact]
    public void Required_node_affinity_counts_and_a_label_that_was_set_just_now_too()
    {
        Create(Pod("early", p => p.Spec.Affinity = Requires("disk", "ssd")));
        Run(5);
        Assert.Equal("NodeAffinity", Get<V1Pod>("early").Status.Reason);
        Patch("", new() { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["disk"] = "ssd" } } });
        Create(Pod("late", p => p.Spec.Affinity = Requires("disk", "ssd")));
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("late").Status.Phase);
    }

    [Theory]
    [InlineData("NoExecute", true)]
    [InlineData("NoSchedule", false)]
    [InlineData("PreferNoSchedule", false)]
    public void Only_NoExecute_taints_are_the_agents_concern(string effect, bool refused)
    {
        Patch(
            "",
            new() { ["spec"] = new JsonObject { ["taints"] = new JsonArray(new JsonObject { ["key"] = "gpu", ["effect"] = effect }) } }
        );
        Run(1);
        Create(Pod("web"));
        Create(Pod("tolerant", p => p.Spec.Tolerations = [new() { Key = "gpu", OperatorProperty = "Exists" }]));
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("tolerant").Status.Phase);
        if (refused)
        {
            AssertRefused("web", "TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate");
        }
        else
        {
            Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
        }
    }

    [Theory]
    [InlineData("cpu", "3", 3000, 2000)]
    [InlineData("memory", "5Gi", 5L << 30, 4L << 30)]
    [InlineData("ephemeral-storage", "11Gi", 11L << 30, 10L << 30)]
    public void A_pod_that_lacks_a_resource_fails_and_shows_why(string resource, string quantity, long requested, long capacity)
    {
        Create(Requesting("big", resource, quantity));
        Run(5);
        AssertRefused(
            "big",
            $"OutOf{resource}",
            $"Node didn't have enough resource: {resource}, requested: {requested}, used: 0, capacity: {capacity}"
        );
    }

    [Fact]
    public void Extended_resources_reach_allocatable_and_are_counted()
    {
        const string dongle = "example.com/dongle";
        Patch("status", new() { ["status"] = new JsonObject { ["capacity"] = new JsonObject { [dongle] = "3" } } });
        Run(3);
        Assert.Equal("3", Get<V1Node>("node1", "").Status.Allocatable[dongle].ToString());

        Create(Requesting("one", dongle, "2"));
        Run(5);
        Create(Requesting("two", dongle, "2"));
        Run(5);
        Assert.Equal("Running", Get<V1Pod>("one").Status.Phase);
        AssertRefused("two", $"OutOf{dongle}", $"Node didn't have enough resource: {dongle}, requested: 2, used: 2, capacity: 3");

        Patch("status", new() { ["status"] = new JsonObject { ["capacity"] = new JsonObject { [dongle] = null } } });
        Run(3);
        Assert.False(Get<V1Node>("node1", "").Status.Allocatable.ContainsKey(dongle));
        Assert.True(Get<V1Node>("node1", "").Status.Allocatable.ContainsKey("cpu"));
    }

    [Fact]
    public void A_refused_pod_shows_its_reason_to_kubectl()
    {
        Create(Requesting("big", "cpu", "3"));
        Run(5);
        var pod = Get<V1Pod>("big");
        Assert.Null(pod.Status.ContainerStatuses);
        Assert.Null(pod.Status.InitContainerStatuses);
        Assert.Contains(EventTexts("big"), t => t.StartsWith("OutOfcpu: Node didn't have enough resource: cpu", StringComparison.Ordinal));
        Delete("big");
        Run(3);
        Assert.False(Exists("big"));
    }

    [Fact]
    public void Conditions_of_a_node_that_others_write_stay()
    {
        Patch(
            "status",
            new()
            {
                ["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray(
                        new JsonObject
                        {
                            ["type"] = "KernelDeadlock",
                            ["status"] = "False",
                            ["reason"] = "KernelHasNoDeadlock",
                        },
                        // A false alarm, which makes the agent report anew.
                        new JsonObject { ["type"] = "Ready", ["status"] = "Unknown" }
                    ),
                },
            }
        );
        Run(3);
        var conditions = Get<V1Node>("node1", "").Status.Conditions;
        Assert.Equal("KernelHasNoDeadlock", Assert.Single(conditions, c => c.Type == "KernelDeadlock").Reason);
        var ready = Assert.Single(conditions, c => c.Type == "Ready");
        Assert.Equal("True", ready.Status);
        // The node is ready since its agent said so again, not since its first start.
        Assert.InRange(Now - new DateTimeOffset(ready.LastTransitionTime!.Value, TimeSpan.Zero), TimeSpan.Zero, TimeSpan.FromSeconds(4));
    }

    [Fact]
    public void The_node_tells_of_its_readiness_and_of_cordons()
    {
        Patch("", new() { ["spec"] = new JsonObject { ["unschedulable"] = true } });
        Run(2);
        Patch("", new() { ["spec"] = new JsonObject { ["unschedulable"] = null } });
        Run(2);
        Assert.Equal(
            [
                "NodeReady: Node node1 status is now: NodeReady",
                "NodeNotSchedulable: Node node1 status is now: NodeNotSchedulable",
                "NodeSchedulable: Node node1 status is now: NodeSchedulable",
            ],
            EventTexts("node1")
        );
    }

    private void AssertRefused(string name, string reason, string message)
    {
        var status = Get<V1Pod>(name).Status;
        Assert.Equal(("Failed", reason, $"Pod was rejected: {message}"), (status.Phase, status.Reason, status.Message));
        Assert.Null(status.ContainerStatuses);
    }

    private void Patch(string subresource, JsonObject patch) =>
        Do(async stop =>
            await User.PatchStrategicallyAsync<V1Node>(new("", "node1"), patch, stop, subresource.Length == 0 ? null : subresource)
        );

    private static V1Affinity Requires(string label, string value) =>
        new()
        {
            NodeAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = new()
                {
                    NodeSelectorTerms =
                    [
                        new()
                        {
                            MatchExpressions =
                            [
                                new()
                                {
                                    Key = label,
                                    OperatorProperty = "In",
                                    Values = [value],
                                },
                            ],
                        },
                    ],
                },
            },
        };

    private static V1Pod WithHostPort(string name, int port) =>
        Pod(name, p => p.Spec.Containers[0].Ports = [new() { ContainerPort = 80, HostPort = port }]);

    private static V1Pod Requesting(string name, string resource, string quantity) => Pod(name, p =>
        {
            var amount = new Dictionary<string, ResourceQuantity> { [resource] = new(quantity) };
            p.Spec.Containers[0].Resources = new() { Requests = amount, Limits = amount };
        });
}
