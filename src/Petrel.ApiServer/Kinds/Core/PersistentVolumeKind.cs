using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Storage;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 PersistentVolume: storage that outlives pods.</summary>
internal static class PersistentVolumeKind
{
    private static readonly string[] ReclaimPolicies = ["Delete", "Recycle", "Retain"];

    // In upstream's order: the first source counts, and others are reported as too many.
    private static readonly string[] SourceNames =
    [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "glusterfs",
        "flocker",
        "nfs",
        "rbd",
        "quobyte",
        "cephfs",
        "iscsi",
        "cinder",
        "fc",
        "flexVolume",
        "azureFile",
        "vsphereVolume",
        "photonPersistentDisk",
        "portworxVolume",
        "azureDisk",
        "scaleIO",
        "local",
        "storageos",
        "csi",
    ];

    private static readonly string[] CsiSecrets =
    [
        "controllerPublishSecretRef",
        "nodeStageSecretRef",
        "nodePublishSecretRef",
        "controllerExpandSecretRef",
        "nodeExpandSecretRef",
    ];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "PersistentVolume", "persistentvolumes", namespaced: false) with
        {
            DeletionReturnsObject = true,
            ShortNames = ["pv"],
            HasStatus = true,
            Default = Default,
            PrepareForCreate = static (value, context) =>
                value["status"] = new JsonObject
                {
                    ["phase"] = "Pending",
                    ["lastPhaseTransitionTime"] = context.Time.GetUtcNow().ToTimestamp(),
                },
            Validate = Validate,
            Warnings = static (value, _) => VolumeWarnings.OfVolume(value),
            Columns =
            [
                Name,
                Shown("Capacity", "How much it holds.", static o => o.Text("spec", "capacity", "storage")),
                Shown("Access Modes", "How it may be mounted.", static o => VolumeRules.Short(o.Items("spec", "accessModes"))),
                Shown("Reclaim Policy", "What becomes of it after its claim.", static o => o.Text("spec", "persistentVolumeReclaimPolicy")),
                Shown("Status", "What it is at.", static o =>
                    o.Has("metadata", "deletionTimestamp") ? "Terminating" : o.Text("status", "phase")
                ),
                Shown("Claim", "Which claim it is bound to.", static o =>
                    o.Has("spec", "claimRef") ? $"{o.Text("spec", "claimRef", "namespace")}/{o.Text("spec", "claimRef", "name")}" : ""
                ),
                Shown("StorageClass", "Its storage class.", static o => VolumeRules.Class(o)),
                Shown("VolumeAttributesClass", "Its class of changeable attributes.", static o =>
                    VolumeRules.OrUnset(o, "volumeAttributesClassName")
                ),
                Shown("Reason", "Why it is so.", static o => o.Text("status", "reason")),
                Age,
                Wide("VolumeMode", "Whether it is a file system or a raw device.", static o => VolumeRules.OrUnset(o, "volumeMode")),
            ],
        };

    /// <summary>
    /// The rules of a volume that an attachment describes itself: a CSI one, and nothing that only volumes of the cluster have.
    /// </summary>
    public static void InlineSpec(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["claimRef", "capacity", "nodeAffinity", "storageClassName"])
        {
            if (spec.Has(name))
            {
                errors.Forbidden($"{path}.{name}", "may not be specified in the context of inline volumes");
            }
        }
        if (!spec.Has("csi"))
        {
            errors.Required($"{path}.csi", "has to be specified in the context of inline volumes");
        }
        if (spec.Text("persistentVolumeReclaimPolicy") is not ("" or "Retain"))
        {
            errors.Forbidden($"{path}.persistentVolumeReclaimPolicy", "may only be Retain in the context of inline volumes");
        }
        if (spec.Text("volumeMode") is not ("" or "Filesystem"))
        {
            errors.Forbidden($"{path}.volumeMode", "may not specify volumeMode other than Filesystem in the context of inline volumes");
        }
        Shared(spec, path, errors);
    }

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("persistentVolumeReclaimPolicy", "Retain");
        spec.Fill("volumeMode", "Filesystem");
        value.Ensure("status").Fill("phase", "Pending");
        if (spec.Child("hostPath") is { } hostPath && !hostPath.Has("type"))
        {
            hostPath["type"] = "";
        }
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        const string path = "spec";
        var spec = value.Child(path) ?? [];
        var capacity = spec.Child("capacity");
        if (capacity is not { Count: > 0 })
        {
            errors.Required($"{path}.capacity");
        }
        if (capacity is not { Count: 1 } || !capacity.Has("storage"))
        {
            errors.Add(
                "FieldValueNotSupported",
                $"{path}.capacity",
                $"Unsupported value: {capacity?.ToJsonString() ?? "null"}: supported values: \"storage\""
            );
        }
        foreach (var (name, amount) in spec.Map("capacity"))
        {
            VolumeRules.Positive(amount, $"{path}.capacity[{name}]", errors);
        }
        var policy = spec.Text("persistentVolumeReclaimPolicy");
        if (!ReclaimPolicies.Contains(policy))
        {
            errors.NotSupported($"{path}.persistentVolumeReclaimPolicy", policy, ReclaimPolicies);
        }
        if (spec.Child("nodeAffinity") is { } affinity)
        {
            if (affinity.Child("required") is { } required)
            {
                SchedulingValidation.NodeSelector(required, $"{path}.nodeAffinity.required", errors);
            }
            else
            {
                errors.Required($"{path}.nodeAffinity.required", "must specify required node constraints");
            }
        }
        Shared(spec, path, errors);
        if (
            policy == "Recycle"
            && spec.Child("hostPath").Text("path").TrimEnd('/').Length == 0
            && spec.Child("hostPath").Text("path").Length > 0
        )
        {
            errors.Forbidden($"{path}.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
        }
        VolumeRules.ClassName(spec, "storageClassName", path, errors);
        VolumeRules.Mode(spec, path, errors);
        if (old is not null)
        {
            Update(spec, old.Child("spec") ?? [], errors);
        }
    }

    /// <summary>What holds for volumes of the cluster and inline ones alike.</summary>
    private static void Shared(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.List("accessModes") is not { Count: > 0 })
        {
            errors.Required($"{path}.accessModes");
        }
        VolumeRules.Access(spec, path, errors);
        var sources = SourceNames.Where(n => spec.Child(n) is not null).ToList();
        if (sources.Count == 0)
        {
            errors.Required(path, "must specify a volume type");
        }
        else
        {
            Source(spec, sources[0], path, errors);
        }
        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"{path}.{(extra == "cephfs" ? "cephFS" : extra)}", "may not specify more than 1 volume type");
        }
        if (!spec.Has("volumeAttributesClassName"))
        {
            return;
        }
        if (spec.Text("volumeAttributesClassName").Length == 0)
        {
            errors.Required($"{path}.volumeAttributesClassName", "an empty string is disallowed");
        }
        VolumeRules.ClassName(spec, "volumeAttributesClassName", path, errors);
        if (!spec.Has("csi"))
        {
            errors.Required($"{path}.csi", "has to be specified when using volumeAttributesClassName");
        }
    }

    private static void Source(JsonObject spec, string name, string path, FieldErrors errors)
    {
        var source = spec.Child(name)!;
        var at = $"{path}.{name}";
        switch (name)
        {
            case "hostPath":
                VolumeValidation.HostPath(source, at, errors);
                break;
            case "nfs":
                VolumeValidation.Nfs(source, at, errors);
                break;
            case "local":
                VolumeValidation.Needed(source, "path", at, errors);
                VolumeValidation.NoBackSteps(source.Text("path"), $"{at}.path", errors);
                if (!spec.Child("nodeAffinity").Has("required"))
                {
                    errors.Required($"{path}.nodeAffinity", "Local volume requires node affinity");
                }
                break;
            case "csi":
                StorageRules.DriverName(source.Text("driver"), $"{at}.driver", errors);
                VolumeValidation.Needed(source, "volumeHandle", at, errors);
                foreach (var secret in CsiSecrets)
                {
                    if (source.Child(secret) is { } reference)
                    {
                        VolumeValidation.Needed(reference, "name", $"{at}.{secret}", errors);
                        VolumeValidation.Needed(reference, "namespace", $"{at}.{secret}", errors);
                    }
                }
                break;
        }
    }

    private static void Update(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var type = Definition.Schema.Field("spec")!.Type!;
        if (!SemanticEquality.Equal(Sources(spec, before), Sources(before, before), type))
        {
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }
        if (spec.Text("volumeMode") != before.Text("volumeMode"))
        {
            errors.Invalid("volumeMode", spec.Text("volumeMode"), "field is immutable");
        }
        if (before.Has("nodeAffinity") && !JsonNode.DeepEquals(spec["nodeAffinity"], before["nodeAffinity"]))
        {
            errors.Invalid("nodeAffinity", spec["nodeAffinity"], "field is immutable");
        }
        if (before.Has("volumeAttributesClassName") && !spec.Has("volumeAttributesClassName"))
        {
            errors.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
        }
    }

    /// <summary>The sources alone, without the secret for growing that may still be added.</summary>
    private static JsonObject Sources(JsonObject spec, JsonObject before)
    {
        var sources = new JsonObject(SourceNames.Where(spec.Has).Select(n => KeyValuePair.Create(n, spec[n]?.DeepClone())));
        if (before.Child("csi") is { } csi && !csi.Has("controllerExpandSecretRef"))
        {
            sources.Child("csi")?.Remove("controllerExpandSecretRef");
        }
        return sources;
    }
}
