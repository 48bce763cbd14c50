using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Tests.Invariants;

/// <summary>Feeds commits to one rule, as the observer of a store does.</summary>
internal sealed class CommitFeed
{
    private readonly IInvariant _rule;
    private long _revision;

    public CommitFeed(Func<ClusterFacts, IInvariant> rule)
    {
        _rule = rule(Facts);
    }

    public ClusterFacts Facts { get; } = new();

    /// <summary>What the rule says to a commit that puts one object.</summary>
    public string? Put(string key, string json) => Commit((key, json));

    /// <summary>What the rule says to a commit that deletes one object.</summary>
    public string? Delete(string key) => Commit((key, null));

    /// <summary>What the rule says to a commit of several changes.</summary>
    public string? Commit(params (string Key, string? Json)[] changes)
    {
        _revision++;
        var commit = changes
            .Select(c => new DocumentChange(c.Key, _revision, Facts.Find(c.Key), c.Json is null ? null : JsonElement.Parse(c.Json)))
            .ToList();
        Facts.Apply(commit);
        return _rule.Observe(commit);
    }

    /// <summary>A pod in the namespace default.</summary>
    public string? Pod(PodShape pod) => Put(pod.Key, pod.Json);
}

/// <summary>A pod as tests of rules need it.</summary>
internal sealed record PodShape(string Name)
{
    public string Uid { get; init; } = "";
    public string OwnerKind { get; init; } = "ReplicaSet";
    public string OwnerUid { get; init; } = "owner";
    public string Node { get; init; } = "";
    public string Phase { get; init; } = "Running";
    public bool Ready { get; init; } = true;
    public bool Terminating { get; init; }
    public string Disruption { get; init; } = "";
    public int? DeletionGrace { get; init; }
    public string Labels { get; init; } = """{"app":"web"}""";
    public string Finalizers { get; init; } = "[]";
    public string Annotations { get; init; } = "{}";
    public string Claim { get; init; } = "";
    public string Cpu { get; init; } = "100m";

    public string Key => $"/registry/core/pods/default/{Name}";

    public string Json =>
        new JsonObject
        {
            ["metadata"] = Metadata(),
            ["spec"] = new JsonObject
            {
                ["nodeName"] = Node,
                ["terminationGracePeriodSeconds"] = 5,
                ["containers"] = new JsonArray(
                    new JsonObject { ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = Cpu } } }
                ),
                ["volumes"] =
                    Claim.Length == 0
                        ? []
                        : new JsonArray(new JsonObject { ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = Claim } }),
            },
            ["status"] = new JsonObject { ["phase"] = Phase, ["conditions"] = Conditions() },
        }.ToJsonString();

    private JsonObject Metadata()
    {
        var metadata = new JsonObject
        {
            ["name"] = Name,
            ["namespace"] = "default",
            ["uid"] = Uid.Length > 0 ? Uid : Name,
            ["labels"] = JsonNode.Parse(Labels),
            ["annotations"] = JsonNode.Parse(Annotations),
            ["finalizers"] = JsonNode.Parse(Finalizers),
            ["ownerReferences"] = new JsonArray(
                new JsonObject
                {
                    ["kind"] = OwnerKind,
                    ["name"] = "o",
                    ["uid"] = OwnerUid,
                    ["controller"] = true,
                }
            ),
        };
        if (Terminating)
        {
            metadata["deletionTimestamp"] = "2026-01-15T12:00:00Z";
            metadata["deletionGracePeriodSeconds"] = DeletionGrace ?? 5;
        }
        return metadata;
    }

    private JsonArray Conditions()
    {
        var conditions = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = Ready ? "True" : "False" });
        if (Disruption.Length > 0)
        {
            conditions.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["type"] = "DisruptionTarget",
                        ["status"] = "True",
                        ["reason"] = Disruption,
                    }
            );
        }
        return conditions;
    }
}
