using System.Text.Json.Nodes;
using Petrel.Simulation.Invariants.Goals;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Generation;

/// <summary>Workloads whose pods run for ever: what is drawn of each kind, and what happens to it.</summary>
public static class ServiceParts
{
    /// <summary>A Deployment that is rolled out, rolled back, scaled, paused, or deleted and made again.</summary>
    public static void Deployment(DraftPart draft, string name)
    {
        var recreate = draft.OneIn(6);
        var (surge, unavailable) = draft.Pick<(JsonNode, JsonNode)>((1, 1), (1, 0), (0, 1), ("25%", "25%"), (2, 1));
        var spec = Replicated(draft, name, draft.Between(1, 4));
        spec["strategy"] = recreate
            ? new JsonObject { ["type"] = "Recreate" }
            : new JsonObject
            {
                ["rollingUpdate"] = new JsonObject { ["maxSurge"] = surge.DeepClone(), ["maxUnavailable"] = unavailable.DeepClone() },
            };
        if (draft.OneIn(3))
        {
            spec["minReadySeconds"] = draft.Between(1, 3);
        }
        if (draft.OneIn(3))
        {
            spec["revisionHistoryLimit"] = draft.Between(0, 2);
        }
        Spread(draft, name, spec);
        var created = draft.Sometime(0, 0.2);
        var target = draft.Create(created, Manifests.Object("apps/v1", "Deployment", name, spec));
        Bystanders(draft, name, created);
        var version = 1;
        foreach (var at in draft.Times(draft.Between(1, 4), 0.2))
        {
            switch (draft.Between(0, 6))
            {
                case 0 or 1:
                    draft.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
                    break;
                case 2:
                    // As 'kubectl rollout undo' does it: an earlier template again.
                    draft.PatchSpec(at, target, "template", Changed(spec, $"{name}:{Math.Max(1, version - 1)}"));
                    break;
                case 3:
                    draft.PatchSpec(at, target, "paused", true);
                    draft.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
                    draft.PatchSpec(at + draft.Window / 8, target, "paused", false);
                    break;
                case 4 when version == 1:
                    Again(draft, at, target, spec, "Deployment", name);
                    break;
                default:
                    draft.Scale(at, target, draft.Between(0, 5));
                    break;
            }
        }
        draft.PatchSpec(draft.Window, target, "paused", false);
    }

    /// <summary>A ReplicaSet, or a ReplicationController, that is scaled, or deleted and made again.</summary>
    public static void ReplicaSet(DraftPart draft, string name, string kind = "ReplicaSet")
    {
        var spec = Replicated(draft, name, draft.Between(1, 4));
        var version = "apps/v1";
        if (kind == "ReplicationController")
        {
            (version, spec["selector"]) = ("v1", Manifests.Labels(name));
        }
        var created = draft.Sometime(0, 0.2);
        var target = draft.Create(created, Manifests.Object(version, kind, name, spec));
        Bystanders(draft, name, created);
        foreach (var at in draft.Times(draft.Between(0, 3), 0.2))
        {
            if (draft.OneIn(3))
            {
                Again(draft, at, target, spec, kind, name);
            }
            else
            {
                draft.Scale(at, target, draft.Between(0, 5));
            }
        }
    }

    /// <summary>A StatefulSet, mostly with a claim for each member, that is scaled and updated, and whose members users delete.</summary>
    public static void StatefulSet(DraftPart draft, string name)
    {
        var replicas = draft.Between(1, 3);
        var spec = Replicated(draft, name, replicas);
        spec["serviceName"] = name;
        if (draft.OneIn(3))
        {
            spec["podManagementPolicy"] = "Parallel";
        }
        if (draft.OneIn(4))
        {
            spec["ordinals"] = new JsonObject { ["start"] = draft.Between(1, 3) };
        }
        if (draft.OneIn(4))
        {
            spec["minReadySeconds"] = 2;
        }
        if (!draft.OneIn(4))
        {
            spec["volumeClaimTemplates"] = new JsonArray(Manifests.ClaimTemplate("data"));
            spec["template"]!["spec"]!["containers"]![0]!["volumeMounts"] = new JsonArray(
                new JsonObject { ["name"] = "data", ["mountPath"] = "/data" }
            );
            if (draft.OneIn(2))
            {
                spec["persistentVolumeClaimRetentionPolicy"] = new JsonObject
                {
                    ["whenDeleted"] = draft.Pick("Retain", "Delete"),
                    ["whenScaled"] = draft.Pick("Retain", "Delete"),
                };
            }
        }
        spec["updateStrategy"] = draft.Pick<Func<JsonObject>>(
            static () => [],
            () => new() { ["rollingUpdate"] = new JsonObject { ["partition"] = draft.Between(1, 2) } },
            () => new() { ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 2 } }
        )();
        var created = draft.Sometime(0, 0.2);
        var target = draft.Create(created, Manifests.Object("apps/v1", "StatefulSet", name, spec));
        Bystanders(draft, name, created);
        var version = 1;
        foreach (var at in draft.Times(draft.Between(1, 4), 0.2))
        {
            switch (draft.Between(0, 5))
            {
                case 0 or 1:
                    draft.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
                    break;
                case 2:
                    draft.DeletePod(at, $"{name}-{draft.Between(0, 2)}");
                    break;
                case 3 when version == 1:
                    Again(draft, at, target, spec, "StatefulSet", name);
                    break;
                default:
                    draft.Scale(at, target, draft.Between(0, 4));
                    break;
            }
        }
    }

    /// <summary>A DaemonSet that is updated, with nodes that come to be for it and cease to be.</summary>
    public static void DaemonSet(DraftPart draft, string name)
    {
        var spec = Replicated(draft, name, 1);
        spec.Remove("replicas");
        var (surge, unavailable) = draft.Pick((0, 1), (0, 2), (1, 0));
        spec["updateStrategy"] = new JsonObject
        {
            ["rollingUpdate"] = new JsonObject { ["maxSurge"] = surge, ["maxUnavailable"] = unavailable },
        };
        if (draft.OneIn(3))
        {
            spec["minReadySeconds"] = 2;
        }
        if (draft.OneIn(2))
        {
            spec["template"]!["spec"]!["nodeSelector"] = new JsonObject { [name] = "yes" };
            foreach (var at in draft.Times(draft.Between(2, 4), 0))
            {
                var labels = new JsonObject { [name] = draft.Pick("yes", "yes", "no") };
                draft.Patch(
                    at,
                    DraftPart.NodeTarget(draft.Between(1, draft.Nodes)),
                    new() { ["metadata"] = new JsonObject { ["labels"] = labels } }
                );
            }
        }
        var target = draft.Create(draft.Sometime(0, 0.2), Manifests.Object("apps/v1", "DaemonSet", name, spec));
        var version = 1;
        foreach (var at in draft.Times(draft.Between(1, 3), 0.2))
        {
            if (draft.OneIn(6) && version == 1)
            {
                Again(draft, at, target, spec, "DaemonSet", name);
            }
            else
            {
                draft.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
            }
        }
    }

    /// <summary>One pod at a time over a claim that is for one node: the next one waits until its node lets go.</summary>
    public static void SingleWriter(DraftPart draft, string name)
    {
        var spec = Replicated(draft, name, 1);
        spec["strategy"] = new JsonObject { ["type"] = "Recreate" };
        spec["template"]!["spec"]!["volumes"] = new JsonArray(
            new JsonObject
            {
                ["name"] = "data",
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = name },
            }
        );
        spec["template"]!["spec"]!["containers"]![0]!["volumeMounts"] = new JsonArray(
            new JsonObject { ["name"] = "data", ["mountPath"] = "/data" }
        );
        var created = draft.Sometime(0, 0.2);
        draft.Create(
            created,
            Manifests.Object("v1", "PersistentVolumeClaim", name, Manifests.ClaimTemplate(name)["spec"]!.DeepClone().AsObject())
        );
        var target = draft.Create(created, Manifests.Object("apps/v1", "Deployment", name, spec));
        var version = 1;
        foreach (var at in draft.Times(draft.Between(0, 2), 0.3))
        {
            draft.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
        }
    }

    /// <summary>Pods so large that not all of them find a place.</summary>
    public static void Crowd(DraftPart draft, string name, string priority = "")
    {
        var spec = Replicated(draft, name, draft.Between(2, 6));
        if (priority.Length > 0)
        {
            spec["template"]!["spec"]!["priorityClassName"] = priority;
        }
        spec["template"]!["metadata"]!["labels"]![Labels.MayStarve] = "true";
        spec["template"]!["spec"]!["containers"]![0]!["resources"] = Manifests.Requests(
            draft.Pick("700m", "1300m", "1900m"),
            draft.Pick("64Mi", "1Gi")
        );
        var target = draft.Create(draft.Sometime(0, 0.5), Manifests.Object("apps/v1", "ReplicaSet", name, spec));
        foreach (var at in draft.Times(draft.Between(0, 3), 0.2))
        {
            draft.Scale(at, target, draft.Between(0, 6));
        }
    }

    /// <summary>Pods that must have a place, whoever has it now: not more than one for a node, and each fits on an empty one.</summary>
    public static void Important(DraftPart draft, string name, string priority)
    {
        var spec = Replicated(draft, name, draft.Between(1, draft.Nodes));
        spec["template"]!["spec"]!["priorityClassName"] = priority;
        spec["template"]!["spec"]!["containers"]![0]!["resources"] = Manifests.Requests("2500m");
        draft.Create(draft.Sometime(0.2, 0.8), Manifests.Object("apps/v1", "ReplicaSet", name, spec));
    }

    /// <summary>A node is drained, or cordoned, and given back.</summary>
    public static void Maintenance(DraftPart draft)
    {
        var node = draft.Between(1, draft.Nodes);
        var at = draft.Sometime(0.2, 0.8);
        draft.Node(at, draft.OneIn(3) ? OperationKind.Cordon : OperationKind.Drain, node);
        draft.Node(at + draft.Window / 10, OperationKind.Uncordon, node);
    }

    private static JsonObject Replicated(DraftPart draft, string name, int replicas)
    {
        var container = draft.OneIn(2)
            ? Manifests.Container($"{name}:1")
            : Manifests.Container($"{name}:1", "linger", draft.Pick("1", "3", "9"));
        container["resources"] = Manifests.Requests(draft.Pick("0", "100m", "250m", "500m"));
        return new()
        {
            ["replicas"] = replicas,
            ["selector"] = Manifests.Selector(name),
            ["template"] = Manifests.Template(name, container),
        };
    }

    // The whole template again with another image: a merge patch replaces lists.
    private static JsonNode Changed(JsonObject spec, string image)
    {
        var template = spec["template"]!.DeepClone();
        template["spec"]!["containers"]![0]!["image"] = image;
        return template;
    }

    private static void Spread(DraftPart draft, string name, JsonObject spec)
    {
        var pod = spec["template"]!["spec"]!.AsObject();
        switch (draft.Between(0, 3))
        {
            case 0:
                pod["topologySpreadConstraints"] = new JsonArray(
                    new JsonObject
                    {
                        ["maxSkew"] = draft.Between(1, 2),
                        ["topologyKey"] = "kubernetes.io/hostname",
                        ["whenUnsatisfiable"] = draft.Pick("DoNotSchedule", "ScheduleAnyway"),
                        ["labelSelector"] = Manifests.Selector(name),
                    }
                );
                break;
            case 1:
                pod["affinity"] = new JsonObject
                {
                    ["podAntiAffinity"] = new JsonObject
                    {
                        ["preferredDuringSchedulingIgnoredDuringExecution"] = new JsonArray(
                            new JsonObject
                            {
                                ["weight"] = 10,
                                ["podAffinityTerm"] = new JsonObject
                                {
                                    ["topologyKey"] = "kubernetes.io/hostname",
                                    ["labelSelector"] = Manifests.Selector(name),
                                },
                            }
                        ),
                    },
                };
                break;
        }
    }

    // Sometimes a budget, sometimes a Service for its pods.
    private static void Bystanders(DraftPart draft, string name, TimeSpan at)
    {
        if (draft.OneIn(2))
        {
            var (bound, amount) = draft.Pick<(string, JsonNode)>(
                ("minAvailable", 1),
                ("maxUnavailable", 1),
                ("minAvailable", "50%"),
                ("maxUnavailable", "34%")
            );
            draft.Create(at, Manifests.Budget(name, bound, amount.DeepClone()));
        }
        if (draft.OneIn(3))
        {
            draft.Create(at, Manifests.Service(name));
        }
    }

    // Deleted by one of the policies, and made again: what was orphaned is adopted.
    private static void Again(DraftPart draft, TimeSpan at, PlannedTarget target, JsonObject spec, string kind, string name)
    {
        draft.Delete(at, target, draft.Pick("Background", "Foreground", "Orphan"));
        draft.Create(at + draft.Window / 6, Manifests.Object(target.ApiVersion, kind, name, spec.DeepClone().AsObject()));
    }
}
