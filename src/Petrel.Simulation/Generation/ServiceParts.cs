using System.Text.Json.Nodes;
using Petrel.Simulation.Invariants.Goals;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Generation;

/// <summary>Workloads whose pods run for ever: what is drawn of each kind, and what happens to it.</summary>
public static class ServiceParts
{
    /// <summary>A Deployment that is rolled out, rolled back, scaled, paused, or deleted and made again.</summary>
    public static void Deployment(WorkloadPart part, string name)
    {
        var recreate = part.OneIn(6);
        var (surge, unavailable) = part.Pick<(JsonNode, JsonNode)>((1, 1), (1, 0), (0, 1), ("25%", "25%"), (2, 1));
        var spec = Replicated(part, name, part.Between(1, 4));
        spec["strategy"] = recreate
            ? new JsonObject { ["type"] = "Recreate" }
            : new JsonObject
            {
                ["rollingUpdate"] = new JsonObject { ["maxSurge"] = surge.DeepClone(), ["maxUnavailable"] = unavailable.DeepClone() },
            };
        if (part.OneIn(3))
        {
            spec["minReadySeconds"] = part.Between(1, 3);
        }
        if (part.OneIn(3))
        {
            spec["revisionHistoryLimit"] = part.Between(0, 2);
        }
        Spread(part, name, spec);
        var created = part.Sometime(0, 0.2);
        var target = part.Create(created, Manifests.Object("apps/v1", "Deployment", name, spec));
        Bystanders(part, name, created);
        var version = 1;
        foreach (var at in part.Times(part.Between(1, 4), 0.2))
        {
            switch (part.Between(0, 6))
            {
                case 0 or 1:
                    part.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
                    break;
                case 2:
                    // Like 'kubectl rollout undo': an earlier template.
                    part.PatchSpec(at, target, "template", Changed(spec, $"{name}:{Math.Max(1, version - 1)}"));
                    break;
                case 3:
                    part.PatchSpec(at, target, "paused", true);
                    part.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
                    part.PatchSpec(at + part.Window / 8, target, "paused", false);
                    break;
                case 4 when version == 1:
                    Again(part, at, target, spec, "Deployment", name);
                    break;
                default:
                    part.Scale(at, target, part.Between(0, 5));
                    break;
            }
        }
        part.PatchSpec(part.Window, target, "paused", false);
    }

    /// <summary>A ReplicaSet, or a ReplicationController, that is scaled, or deleted and made again.</summary>
    public static void ReplicaSet(WorkloadPart part, string name, string kind = "ReplicaSet")
    {
        var spec = Replicated(part, name, part.Between(1, 4));
        var version = "apps/v1";
        if (kind == "ReplicationController")
        {
            (version, spec["selector"]) = ("v1", Manifests.Labels(name));
        }
        var created = part.Sometime(0, 0.2);
        var target = part.Create(created, Manifests.Object(version, kind, name, spec));
        Bystanders(part, name, created);
        foreach (var at in part.Times(part.Between(0, 3), 0.2))
        {
            if (part.OneIn(3))
            {
                Again(part, at, target, spec, kind, name);
            }
            else
            {
                part.Scale(at, target, part.Between(0, 5));
            }
        }
    }

    /// <summary>A StatefulSet, mostly with a claim for each member, that is scaled and updated, and whose members users delete.</summary>
    public static void StatefulSet(WorkloadPart part, string name)
    {
        var replicas = part.Between(1, 3);
        var spec = Replicated(part, name, replicas);
        spec["serviceName"] = name;
        if (part.OneIn(3))
        {
            spec["podManagementPolicy"] = "Parallel";
        }
        if (part.OneIn(4))
        {
            spec["ordinals"] = new JsonObject { ["start"] = part.Between(1, 3) };
        }
        if (part.OneIn(4))
        {
            spec["minReadySeconds"] = 2;
        }
        if (!part.OneIn(4))
        {
            spec["volumeClaimTemplates"] = new JsonArray(Manifests.ClaimTemplate("data"));
            spec["template"]!["spec"]!["containers"]![0]!["volumeMounts"] = new JsonArray(
                new JsonObject { ["name"] = "data", ["mountPath"] = "/data" }
            );
            if (part.OneIn(2))
            {
                spec["persistentVolumeClaimRetentionPolicy"] = new JsonObject
                {
                    ["whenDeleted"] = part.Pick("Retain", "Delete"),
                    ["whenScaled"] = part.Pick("Retain", "Delete"),
                };
            }
        }
        spec["updateStrategy"] = part.Pick<Func<JsonObject>>(
            static () => [],
            () => new() { ["rollingUpdate"] = new JsonObject { ["partition"] = part.Between(1, 2) } },
            () => new() { ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 2 } }
        )();
        var created = part.Sometime(0, 0.2);
        var target = part.Create(created, Manifests.Object("apps/v1", "StatefulSet", name, spec));
        Bystanders(part, name, created);
        var version = 1;
        foreach (var at in part.Times(part.Between(1, 4), 0.2))
        {
            switch (part.Between(0, 5))
            {
                case 0 or 1:
                    part.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
                    break;
                case 2:
                    part.DeletePod(at, $"{name}-{part.Between(0, 2)}");
                    break;
                case 3 when version == 1:
                    Again(part, at, target, spec, "StatefulSet", name);
                    break;
                default:
                    part.Scale(at, target, part.Between(0, 4));
                    break;
            }
        }
    }

    /// <summary>A DaemonSet that is updated, while nodes begin and cease to match its selector.</summary>
    public static void DaemonSet(WorkloadPart part, string name)
    {
        var spec = Replicated(part, name, 1);
        spec.Remove("replicas");
        var (surge, unavailable) = part.Pick((0, 1), (0, 2), (1, 0));
        spec["updateStrategy"] = new JsonObject
        {
            ["rollingUpdate"] = new JsonObject { ["maxSurge"] = surge, ["maxUnavailable"] = unavailable },
        };
        if (part.OneIn(3))
        {
            spec["minReadySeconds"] = 2;
        }
        if (part.OneIn(2))
        {
            spec["template"]!["spec"]!["nodeSelector"] = new JsonObject { [name] = "yes" };
            foreach (var at in part.Times(part.Between(2, 4), 0))
            {
                var labels = new JsonObject { [name] = part.Pick("yes", "yes", "no") };
                part.Patch(
                    at,
                    WorkloadPart.NodeTarget(part.Between(1, part.Nodes)),
                    new() { ["metadata"] = new JsonObject { ["labels"] = labels } }
                );
            }
        }
        var target = part.Create(part.Sometime(0, 0.2), Manifests.Object("apps/v1", "DaemonSet", name, spec));
        var version = 1;
        foreach (var at in part.Times(part.Between(1, 3), 0.2))
        {
            if (part.OneIn(6) && version == 1)
            {
                Again(part, at, target, spec, "DaemonSet", name);
            }
            else
            {
                part.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
            }
        }
    }

    /// <summary>One pod at a time over a claim that is for one node: the next one waits until its node lets go.</summary>
    public static void SingleWriter(WorkloadPart part, string name)
    {
        var spec = Replicated(part, name, 1);
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
        var created = part.Sometime(0, 0.2);
        part.Create(
            created,
            Manifests.Object("v1", "PersistentVolumeClaim", name, Manifests.ClaimTemplate(name)["spec"]!.DeepClone().AsObject())
        );
        var target = part.Create(created, Manifests.Object("apps/v1", "Deployment", name, spec));
        var version = 1;
        foreach (var at in part.Times(part.Between(0, 2), 0.3))
        {
            part.PatchSpec(at, target, "template", Changed(spec, $"{name}:{++version}"));
        }
    }

    /// <summary>Pods so large that not all of them can be scheduled.</summary>
    public static void Crowd(WorkloadPart part, string name, string priority = "")
    {
        var spec = Replicated(part, name, part.Between(2, 6));
        if (priority.Length > 0)
        {
            spec["template"]!["spec"]!["priorityClassName"] = priority;
        }
        spec["template"]!["metadata"]!["labels"]![Labels.MayStarve] = "true";
        spec["template"]!["spec"]!["containers"]![0]!["resources"] = Manifests.Requests(
            part.Pick("700m", "1300m", "1900m"),
            part.Pick("64Mi", "1Gi")
        );
        var target = part.Create(part.Sometime(0, 0.5), Manifests.Object("apps/v1", "ReplicaSet", name, spec));
        foreach (var at in part.Times(part.Between(0, 3), 0.2))
        {
            part.Scale(at, target, part.Between(0, 6));
        }
    }

    /// <summary>Pods that must be scheduled, if need be by preemption: at most one for each node, and each fits on an empty node.</summary>
    public static void Important(WorkloadPart part, string name, string priority)
    {
        var spec = Replicated(part, name, part.Between(1, part.Nodes));
        spec["template"]!["spec"]!["priorityClassName"] = priority;
        spec["template"]!["spec"]!["containers"]![0]!["resources"] = Manifests.Requests("2500m");
        part.Create(part.Sometime(0.2, 0.8), Manifests.Object("apps/v1", "ReplicaSet", name, spec));
    }

    /// <summary>A node is drained or cordoned, and uncordoned later.</summary>
    public static void Maintenance(WorkloadPart part)
    {
        var node = part.Between(1, part.Nodes);
        var at = part.Sometime(0.2, 0.8);
        part.Node(at, part.OneIn(3) ? OperationKind.Cordon : OperationKind.Drain, node);
        part.Node(at + part.Window / 10, OperationKind.Uncordon, node);
    }

    private static JsonObject Replicated(WorkloadPart part, string name, int replicas)
    {
        var container = part.OneIn(2)
            ? Manifests.Container($"{name}:1")
            : Manifests.Container($"{name}:1", "linger", part.Pick("1", "3", "9"));
        container["resources"] = Manifests.Requests(part.Pick("0", "100m", "250m", "500m"));
        return new()
        {
            ["replicas"] = replicas,
            ["selector"] = Manifests.Selector(name),
            ["template"] = Manifests.Template(name, container),
        };
    }

    // The whole template with another image, because a merge patch replaces lists.
    private static JsonNode Changed(JsonObject spec, string image)
    {
        var template = spec["template"]!.DeepClone();
        template["spec"]!["containers"]![0]!["image"] = image;
        return template;
    }

    private static void Spread(WorkloadPart part, string name, JsonObject spec)
    {
        var pod = spec["template"]!["spec"]!.AsObject();
        switch (part.Between(0, 3))
        {
            case 0:
                pod["topologySpreadConstraints"] = new JsonArray(
                    new JsonObject
                    {
                        ["maxSkew"] = part.Between(1, 2),
                        ["topologyKey"] = "kubernetes.io/hostname",
                        ["whenUnsatisfiable"] = part.Pick("DoNotSchedule", "ScheduleAnyway"),
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
    private static void Bystanders(WorkloadPart part, string name, TimeSpan at)
    {
        if (part.OneIn(2))
        {
            var (bound, amount) = part.Pick<(string, JsonNode)>(
                ("minAvailable", 1),
                ("maxUnavailable", 1),
                ("minAvailable", "50%"),
                ("maxUnavailable", "34%")
            );
            part.Create(at, Manifests.Budget(name, bound, amount.DeepClone()));
        }
        if (part.OneIn(3))
        {
            part.Create(at, Manifests.Service(name));
        }
    }

    // Deleted by one of the policies, and made again: what was orphaned is adopted.
    private static void Again(WorkloadPart part, TimeSpan at, PlannedTarget target, JsonObject spec, string kind, string name)
    {
        part.Delete(at, target, part.Pick("Background", "Foreground", "Orphan"));
        part.Create(at + part.Window / 6, Manifests.Object(target.ApiVersion, kind, name, spec.DeepClone().AsObject()));
    }
}
