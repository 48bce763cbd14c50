using System.Text.Json;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class SurgeInvariantTests
{
    private readonly SurgeInvariant _surge = new();
    private long _revision;

    [Fact]
    public void One_pod_more_than_replicas_and_surge_is_too_many()
    {
        Deployment(replicas: 2, converged: 0);
        Put(
            "/registry/apps/replicasets/default/web-1",
            """{"metadata":{"name":"web-1","uid":"rs1","ownerReferences":[{"uid":"d1","controller":true}]}}"""
        );
        Assert.Null(Pod("a"));
        Assert.Null(Pod("b"));
        Assert.Null(Pod("c"));
        Assert.Contains("4 pods", Pod("d"), StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_on_their_way_out_do_not_count()
    {
        Deployment(replicas: 1, converged: 0);
        Put(
            "/registry/apps/replicasets/default/web-1",
            """{"metadata":{"name":"web-1","uid":"rs1","ownerReferences":[{"uid":"d1","controller":true}]}}"""
        );
        Pod("a", ""","deletionTimestamp":"2026-01-15T12:00:00Z" """);
        Pod("b", status: "Failed");
        Assert.Null(Pod("c"));
        Assert.Null(Pod("d"));
        Assert.NotNull(Pod("e"));
    }

    [Fact]
    public void Scaling_down_lowers_the_allowance_once_converged()
    {
        Deployment(replicas: 3, converged: 3);
        Put(
            "/registry/apps/replicasets/default/web-1",
            """{"metadata":{"name":"web-1","uid":"rs1","ownerReferences":[{"uid":"d1","controller":true}]}}"""
        );
        Deployment(replicas: 1, converged: 3);
        Pod("a");
        Pod("b");
        Pod("c");
        Assert.Null(Pod("d"));
        Delete("b");
        Delete("c");
        Delete("d");
        Deployment(replicas: 1, converged: 1);
        Assert.Null(Pod("e"));
        Assert.NotNull(Pod("f"));
    }

    private void Deployment(int replicas, int converged) =>
        Put(
            "/registry/apps/deployments/default/web",
            $$$"""
            {"metadata":{"name":"web","uid":"d1","generation":1},
             "spec":{"replicas":{{{replicas}}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1} } },
             "status":{"observedGeneration":1,"replicas":{{{converged}}},"updatedReplicas":{{{converged}}},
             "availableReplicas":{{{converged}}}}}
            """
        );

    private string? Pod(string name, string metadata = "", string status = "Running") =>
        Put(
            $"/registry/core/pods/default/{name}",
            $$$"""{"metadata":{"name":"{{{name}}}","uid":"{{{name}}}"{{{metadata}}},"ownerReferences":"""
                + $$$"""[{"uid":"rs1","controller":true}]},"spec":{},"status":{"phase":"{{{status}}}"}}"""
        );

    private void Delete(string name) =>
        _surge.Observe([
            new(
                $"/registry/core/pods/default/{name}",
                ++_revision,
                JsonElement.Parse("""{"metadata":{"ownerReferences":[{"uid":"rs1","controller":true}]}}"""),
                null
            ),
        ]);

    private string? Put(string key, string json) => _surge.Observe([Change(key, json)]);

    private DocumentChange Change(string key, string json) => new(key, ++_revision, null, JsonElement.Parse(json));
}
