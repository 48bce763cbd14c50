using System.Text.Json.Nodes;
using Petrel.Simulation.Plans;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Generation;

/// <summary>Manifests as users write them, in the parts that scenarios vary.</summary>
public static class Manifests
{
    /// <summary>Seconds of grace of every pod.</summary>
    public const int Grace = 5;

    private static readonly Dictionary<string, (string Resource, bool Namespaced)> Resources = new(StringComparer.Ordinal)
    {
        ["Deployment"] = ("deployments", true),
        ["ReplicaSet"] = ("replicasets", true),
        ["ReplicationController"] = ("replicationcontrollers", true),
        ["StatefulSet"] = ("statefulsets", true),
        ["DaemonSet"] = ("daemonsets", true),
        ["Job"] = ("jobs", true),
        ["CronJob"] = ("cronjobs", true),
        ["PodDisruptionBudget"] = ("poddisruptionbudgets", true),
        ["ResourceQuota"] = ("resourcequotas", true),
        ["Service"] = ("services", true),
        ["Pod"] = ("pods", true),
        ["PodGroup"] = ("podgroups", true),
        ["HorizontalPodAutoscaler"] = ("horizontalpodautoscalers", true),
        ["PersistentVolumeClaim"] = ("persistentvolumeclaims", true),
        ["PriorityClass"] = ("priorityclasses", false),
    };

    public static JsonObject Object(string apiVersion, string kind, string name, JsonObject spec)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (Resources[kind].Namespaced)
        {
            metadata["namespace"] = WorkloadBuilder.Namespace;
        }
        return new()
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = kind,
            ["metadata"] = metadata,
            ["spec"] = spec,
        };
    }

    public static PlannedTarget TargetOf(JsonObject manifest)
    {
        var (resource, namespaced) = Resources[(string)manifest["kind"]!];
        return new(
            (string)manifest["apiVersion"]!,
            resource,
            namespaced ? WorkloadBuilder.Namespace : "",
            (string)manifest["metadata"]!["name"]!
        );
    }

    public static JsonObject Container(string image, params ReadOnlySpan<string> args)
    {
        var container = new JsonObject { ["name"] = "main", ["image"] = image };
        if (args.Length > 0)
        {
            container["args"] = new JsonArray([.. args.ToArray().Select(a => (JsonNode)a)]);
        }
        return container;
    }

    /// <summary>A pod template with one container.</summary>
    public static JsonObject Template(string app, JsonObject container) =>
        new()
        {
            ["metadata"] = new JsonObject { ["labels"] = Labels(app) },
            ["spec"] = new JsonObject
            {
                ["terminationGracePeriodSeconds"] = Grace,
                // No simulated container calls the API, and each token costs a request.
                ["automountServiceAccountToken"] = false,
                ["containers"] = new JsonArray(container),
            },
        };

    public static JsonObject Labels(string app) => new() { ["app"] = app };

    public static JsonObject Selector(string app) => new() { ["matchLabels"] = Labels(app) };

    public static JsonObject Requests(string cpu, string memory = "64Mi") =>
        new()
        {
            ["requests"] = new JsonObject { ["cpu"] = cpu, ["memory"] = memory },
        };

    public static JsonObject Service(string app) =>
        Object("v1", "Service", app, new() { ["selector"] = Labels(app), ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) });

    public static JsonObject Budget(string app, string bound, JsonNode amount) =>
        Object("policy/v1", "PodDisruptionBudget", app, new() { ["selector"] = Selector(app), [bound] = amount });

    public static JsonObject Quota(string name, params ReadOnlySpan<(string Resource, string Amount)> hard)
    {
        var limits = new JsonObject();
        foreach (var (resource, amount) in hard)
        {
            limits[resource] = amount;
        }
        return Object("v1", "ResourceQuota", name, new() { ["hard"] = limits });
    }

    /// <summary>A claim template for a volume that is on one node at a time.</summary>
    public static JsonObject ClaimTemplate(string name) =>
        new()
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["accessModes"] = new JsonArray("ReadWriteOnce"),
                ["storageClassName"] = VolumeProvisioner.Class,
                ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = "1Gi" } },
            },
        };

    public static JsonObject PriorityClass(string name, int value) =>
        new()
        {
            ["apiVersion"] = "scheduling.k8s.io/v1",
            ["kind"] = "PriorityClass",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["value"] = value,
        };
}
