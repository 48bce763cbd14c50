using System.Text.Json;
using Petrel.Simulation.Timelines;

namespace Petrel.Simulation.Tests.Timelines;

public sealed class ChangeTextTests
{
    [Theory]
    [InlineData("/registry/apps/deployments/default/web", """{"spec":{"replicas":3}}""", """{"spec":{"replicas":5}}""", "scaled 3 -> 5")]
    [InlineData(
        "/registry/apps/deployments/default/web",
        """{"spec":{"template":{"spec":{"containers":[{"image":"web:1"}]}}}}""",
        """{"spec":{"template":{"spec":{"containers":[{"image":"web:2"}]}}}}""",
        "has another template (web:1 -> web:2)"
    )]
    [InlineData("/registry/apps/deployments/default/web", """{"spec":{}}""", """{"spec":{"paused":true}}""", "paused")]
    [InlineData(
        "/registry/apps/deployments/default/web",
        """{"status":{"readyReplicas":1}}""",
        """{"status":{"readyReplicas":2,"availableReplicas":1}}""",
        "ready 1 -> 2; available 0 -> 1"
    )]
    [InlineData(
        "/registry/batch/jobs/default/j",
        """{"status":{"active":1}}""",
        """{"status":{"succeeded":1,"conditions":[{"type":"Complete","status":"True"}]}}""",
        "active 1 -> 0; succeeded 0 -> 1; is complete"
    )]
    [InlineData("/registry/core/pods/default/p", """{"spec":{}}""", """{"spec":{"nodeName":"node2"}}""", "bound to node2")]
    [InlineData(
        "/registry/core/pods/default/p",
        """{"status":{"phase":"Pending"}}""",
        """{"status":{"phase":"Failed","reason":"Evicted"}}""",
        "phase Pending -> Failed (Evicted)"
    )]
    [InlineData(
        "/registry/core/pods/default/p",
        """{"metadata":{}}""",
        """{"metadata":{"deletionTimestamp":"2026-01-15T12:00:00Z","deletionGracePeriodSeconds":5}}""",
        "is being deleted (grace 5 s)"
    )]
    [InlineData(
        "/registry/core/pods/default/p",
        """{"status":{"containerStatuses":[{"name":"c","restartCount":0,"state":{"running":{}}}]}}""",
        """{"status":{"containerStatuses":[{"name":"c","restartCount":1,"state":{"terminated":{"exitCode":3}}}]}}""",
        "container c restarted; container c exited with 3"
    )]
    [InlineData(
        "/registry/core/nodes/node1",
        """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""",
        """{"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}""",
        "is not heard of any more"
    )]
    [InlineData(
        "/registry/core/nodes/node1",
        """{"spec":{}}""",
        """{"spec":{"taints":[{"key":"a/b","effect":"NoExecute"}],"unschedulable":true}}""",
        "is cordoned; tainted a/b:NoExecute"
    )]
    [InlineData(
        "/registry/core/configmaps/default/c",
        """{"data":{"a":"1"}}""",
        """{"data":{"a":"2"},"metadata":{"labels":{}}}""",
        "changed: data, metadata"
    )]
    [InlineData("/registry/core/configmaps/default/c", """{"data":{}}""", null, "is gone")]
    [InlineData(
        "/registry/core/pods/default/p",
        null,
        """{"metadata":{"ownerReferences":[{"kind":"ReplicaSet","name":"web-1","controller":true}]},"spec":{"containers":["""
            + """{"image":"web:1"}]}}""",
        "created for replicaset/web-1 (web:1)"
    )]
    public void A_change_is_told_as_people_would(string key, string? before, string? after, string expected) =>
        Assert.Equal(expected, ChangeText.Of(StoredObject.Of(key)!, Parse(before), Parse(after))!.What);

    [Fact]
    public void What_happens_all_the_time_is_a_detail()
    {
        Assert.True(
            ChangeText.Of(StoredObject.Of("/registry/coordination.k8s.io/leases/kube-node-lease/node1")!, null, Parse("{}"))!.IsDetail
        );
        Assert.False(ChangeText.Of(StoredObject.Of("/registry/core/pods/default/p")!, null, Parse("{}"))!.IsDetail);
    }

    [Fact]
    public void Objects_have_the_names_that_people_use()
    {
        Assert.Equal("deployment/web", StoredObject.Of("/registry/apps/deployments/default/web")!.Title);
        Assert.Equal("pod/other/p", StoredObject.Of("/registry/core/pods/other/p")!.Title);
        Assert.Equal("node/node1", StoredObject.Of("/registry/core/nodes/node1")!.Title);
        Assert.Null(StoredObject.Of("/allocations/addresses"));
    }

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}
