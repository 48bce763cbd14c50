using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Nodes;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Nodes;

/// <summary>Nodes without heartbeat, and their pods.</summary>
public sealed class NodeLossTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(
        new ControllerSettings
        {
            NodeMonitorGracePeriod = TimeSpan.FromSeconds(8),
            NodeMonitorPeriod = TimeSpan.FromSeconds(1),
            OrphanedPodQuarantine = TimeSpan.FromSeconds(40),
        },
        context => [new NodeLifecycleController(context), new TaintEvictionController(context), new PodGarbageCollector(context)]
    );

    [Fact]
    public void A_node_that_renews_its_lease_is_never_tainted()
    {
        AddNode("node1");
        for (var i = 0; i < 20; i++)
        {
            _cluster.Run(2);
            Renew("node1");
            Assert.Empty(Node("node1").Spec.Taints ?? []);
        }
        Assert.Equal("True", NodeHealthPlan.StatusOf(Node("node1"), "Ready"));
    }

    [Fact]
    public void A_node_without_heartbeat_becomes_unknown_and_unreachable_and_its_pods_are_not_ready()
    {
        AddNode("node1");
        AddPod("web", "node1", tolerationSeconds: 300);
        _cluster.Run(7);
        Assert.Equal("True", NodeHealthPlan.StatusOf(Node("node1"), "Ready"));
        _cluster.Run(3);
        var node = Node("node1");
        var ready = Assert.Single(node.Status.Conditions, c => c.Type == "Ready");
        Assert.Equal(("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), (ready.Status, ready.Reason, ready.Message));
        Assert.Equal(
            ["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"],
            node.Spec.Taints.Select(t => $"{t.Key}:{t.Effect}").Order(StringComparer.Ordinal)
        );
        Assert.NotNull(Assert.Single(node.Spec.Taints, t => t.Effect == "NoExecute").TimeAdded);
        var pod = _cluster.Find<V1Pod>("web")!;
        Assert.Null(pod.Metadata.DeletionTimestamp);
        Assert.Equal("False", Assert.Single(pod.Status.Conditions, c => c.Type == "Ready").Status);
        Assert.Contains(_cluster.List<Corev1Event>(), e => e is { Reason: "NodeNotReady", InvolvedObject.Kind: "Node" });
    }

    [Fact]
    public void A_node_is_registered_once_and_its_loss_and_removal_are_told_once()
    {
        _cluster.Create(new V1Node { Metadata = new() { Name = "node1" } });
        _cluster.Run(2);
        // It has not reported yet: it is tainted, and that is no loss.
        Assert.NotEmpty(Node("node1").Spec.Taints);
        Assert.Equal([("RegisteredNode", 1, "Registered Node node1 in Controller")], NodeEvents());

        _cluster.Change<V1Node>("node1", SayReady, status: true, ns: "");
        _cluster.Run(1);
        Assert.Empty(Node("node1").Spec.Taints ?? []);
        _cluster.Run(20);
        Assert.Equal("Unknown", NodeHealthPlan.StatusOf(Node("node1"), "Ready"));
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Node>(new ObjectKey("", "node1"), new(), stop));
        _cluster.Run(2);
        Assert.Equal(
            [
                ("NodeNotReady", 1, "Node node1 status is now: NodeNotReady"),
                ("RegisteredNode", 1, "Registered Node node1 in Controller"),
                ("RemovingNode", 1, "Removing Node node1 from Controller"),
            ],
            NodeEvents()
        );

        _cluster.Create(new V1Node { Metadata = new() { Name = "node1" } });
        _cluster.Run(2);
        Assert.Equal(2, NodeEvents().Count(e => e.Reason == "RegisteredNode"));
    }

    [Fact]
    public void A_node_that_says_itself_that_it_is_not_ready_needs_no_event_of_the_controller()
    {
        AddNode("node1");
        _cluster.Change<V1Node>("node1", n => n.Status.Conditions[0].Status = "False", status: true, ns: "");
        _cluster.Run(2);
        Assert.NotEmpty(Node("node1").Spec.Taints);
        Assert.DoesNotContain(NodeEvents(), e => e.Reason == "NodeNotReady");
    }

    [Fact]
    public void Pods_leave_a_lost_node_when_their_toleration_ends_and_stay_terminating()
    {
        AddNode("node1");
        AddPod("impatient", "node1", tolerationSeconds: 5);
        AddPod("patient", "node1", tolerationSeconds: 300);
        _cluster.Run(11);
        Assert.Null(_cluster.Find<V1Pod>("impatient")!.Metadata.DeletionTimestamp);
        _cluster.Run(5);
        var pod = _cluster.Find<V1Pod>("impatient")!;
        Assert.NotNull(pod.Metadata.DeletionTimestamp);
        Assert.Equal("DeletionByTaintManager", Assert.Single(pod.Status.Conditions, c => c.Type == "DisruptionTarget").Reason);
        Assert.Null(_cluster.Find<V1Pod>("patient")!.Metadata.DeletionTimestamp);
    }

    [Fact]
    public void A_node_that_returns_in_time_keeps_its_pods_and_loses_its_taints()
    {
        AddNode("node1");
        AddPod("web", "node1", tolerationSeconds: 5);
        _cluster.Run(10);
        Assert.NotEmpty(Node("node1").Spec.Taints);
        Renew("node1");
        _cluster.Change<V1Node>("node1", SayReady, status: true, ns: "");
        for (var i = 0; i < 10; i++)
        {
            _cluster.Run(2);
            Renew("node1");
        }
        Assert.Empty(Node("node1").Spec.Taints ?? []);
        Assert.Null(_cluster.Find<V1Pod>("web")!.Metadata.DeletionTimestamp);
    }

    [Fact]
    public void A_node_that_reports_not_ready_gets_the_taints_and_other_taints_stay()
    {
        AddNode("node1");
        _cluster.Change<V1Node>(
            "node1",
            n =>
                n.Spec.Taints = [
                    new()
                    {
                        Key = "dedicated",
                        Value = "db",
                        Effect = "NoSchedule",
                    },
                ],
            ns: ""
        );
        _cluster.Change<V1Node>("node1", n => n.Status.Conditions[0].Status = "False", status: true, ns: "");
        _cluster.Run(1);
        Assert.Equal(
            ["dedicated:NoSchedule", "node.kubernetes.io/not-ready:NoExecute", "node.kubernetes.io/not-ready:NoSchedule"],
            Node("node1").Spec.Taints.Select(t => $"{t.Key}:{t.Effect}").Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_cordoned_node_is_tainted_unschedulable()
    {
        AddNode("node1");
        _cluster.Change<V1Node>("node1", n => n.Spec.Unschedulable = true, ns: "");
        _cluster.Run(1);
        Assert.Equal("node.kubernetes.io/unschedulable", Assert.Single(Node("node1").Spec.Taints).Key);
        _cluster.Change<V1Node>("node1", n => n.Spec.Unschedulable = null, ns: "");
        _cluster.Run(1);
        Assert.Empty(Node("node1").Spec.Taints ?? []);
    }

    [Fact]
    public void Pods_of_a_node_that_was_deleted_are_removed_after_the_quarantine()
    {
        AddNode("node1");
        AddPod("web", "node1", tolerationSeconds: 300);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Node>(new ObjectKey("", "node1"), new(), stop));
        _cluster.Run(30);
        Assert.NotNull(_cluster.Find<V1Pod>("web"));
        _cluster.Run(50);
        Assert.Null(_cluster.Find<V1Pod>("web"));
    }

    [Fact]
    public void Terminating_pods_of_a_node_out_of_service_are_removed_without_it()
    {
        AddNode("node1");
        AddPod("web", "node1", tolerationSeconds: 1);
        _cluster.Run(40);
        Assert.NotNull(_cluster.Find<V1Pod>("web"));
        _cluster.Change<V1Node>(
            "node1",
            n =>
                n.Spec.Taints = [
                    .. n.Spec.Taints,
                    new()
                    {
                        Key = "node.kubernetes.io/out-of-service",
                        Value = "nodeshutdown",
                        Effect = "NoExecute",
                    },
                ],
            ns: ""
        );
        _cluster.Run(25);
        Assert.Null(_cluster.Find<V1Pod>("web"));
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private IEnumerable<(string Reason, int? Count, string Message)> NodeEvents() =>
        _cluster
            .List<Corev1Event>()
            .Where(e => e is { InvolvedObject.Kind: "Node", Source.Component: "node-controller" })
            .Select(e => (e.Reason, e.Count, e.Message))
            .Order();

    private void AddNode(string name)
    {
        _cluster.Create(new V1Node { Metadata = new() { Name = name } });
        _cluster.Change<V1Node>(name, SayReady, status: true, ns: "");
        _cluster.Create(
            new V1Lease
            {
                Metadata = new() { Name = name, NamespaceProperty = "kube-node-lease" },
                Spec = new() { HolderIdentity = name, RenewTime = _cluster.Now.UtcDateTime },
            }
        );
    }

    private void SayReady(V1Node node) =>
        node.Status = new()
        {
            Conditions =
            [
                new()
                {
                    Type = "Ready",
                    Status = "True",
                    LastHeartbeatTime = _cluster.Now.UtcDateTime,
                    LastTransitionTime = _cluster.Now.UtcDateTime,
                },
            ],
        };

    private void Renew(string name) =>
        _cluster.Change<V1Lease>(name, lease => lease.Spec.RenewTime = _cluster.Now.UtcDateTime, ns: "kube-node-lease");

    private void AddPod(string name, string node, long tolerationSeconds)
    {
        V1Toleration Tolerate(string key) =>
            new()
            {
                Key = key,
                OperatorProperty = "Exists",
                Effect = "NoExecute",
                TolerationSeconds = tolerationSeconds,
            };
        _cluster.Create(
            new V1Pod
            {
                Metadata = new() { Name = name, NamespaceProperty = "default" },
                Spec = new()
                {
                    NodeName = node,
                    Containers = [new() { Name = "main", Image = "web" }],
                    Tolerations = [Tolerate(NodeHealthPlan.NotReady), Tolerate(NodeHealthPlan.Unreachable)],
                },
            }
        );
        _cluster.SetReady(name);
    }

    private V1Node Node(string name) => _cluster.Find<V1Node>(name, "")!;
}
