using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Schema;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 PersistentVolume and PersistentVolumeClaim.</summary>
internal static class PersistentVolumeKinds
{
    private const string OldClass = "volume.beta.kubernetes.io/storage-class";

    private static readonly string[] ReclaimPolicies = ["Delete", "Recycle", "Retain"];
    private static readonly string[] Modes = ["Block", "Filesystem"];
    private static readonly Dictionary<string, string> AccessModes = new()
    {
        ["ReadWriteOnce"] = "RWO",
        ["ReadOnlyMany"] = "ROX",
        ["ReadWriteMany"] = "RWX",
        ["ReadWriteOncePod"] = "RWOP",
    };

    // Every member of a volume's spec that is a struct of its own and none of these is a source of storage.
    private static readonly string[] NoSources = ["claimRef", "nodeAffinity"];

    public static KindDefinition Volume { get; } = BuiltInKinds.Row("", "v1", "PersistentVolume", "persistentvolumes", namespaced: false) with
    {
        ShortNames = ["pv"],
        HasStatus = true,
        Default = static value =>
        {
            var spec = value.Ensure("spec");
            spec.Fill("persistentVolumeReclaimPolicy", "Retain");
            spec.Fill("volumeMode", "Filesystem");
            value.Ensure("status").Fill("phase", "Pending");
            if (spec.Child("hostPath") is { } hostPath && !hostPath.Has("type"))
            {
                hostPath["type"] = "";
            }
        },
        PrepareForCreate = static (value, context) => value["status"] = new JsonObject { ["phase"] = "Pending", ["lastPhaseTransitionTime"] = Objects.DocumentAccess.Timestamp(context.Time) },
        Validate = ValidateVolume,
        Columns =
        [
            Name,
            Shown("Capacity", "How much it holds.", static o => o.Text("spec", "capacity", "storage")),
            Shown("Access Modes", "How it may be mounted.", static o => Short(o.Items("spec", "accessModes"))),
            Shown("Reclaim Policy", "What becomes of it after its claim.", static o => o.Text("spec", "persistentVolumeReclaimPolicy")),
            Shown("Status", "What it is at.", static o => o.Has("metadata", "deletionTimestamp") ? "Terminating" : o.Text("status", "phase")),
            Shown("Claim", "Which claim it is bound to.", static o => o.Has("spec", "claimRef") ? $"{o.Text("spec", "claimRef", "namespace")}/{o.Text("spec", "claimRef", "name")}" : ""),
            Shown("StorageClass", "Its storage class.", static o => Class(o)),
            Shown("VolumeAttributesClass", "Its class of changeable attributes.", static o => o.Has("spec", "volumeAttributesClassName") ? o.Text("spec", "volumeAttributesClassName") : "<unset>"),
            Shown("Reason", "Why it is so.", static o => o.Text("status", "reason")),
            Age,
            Wide("VolumeMode", "Whether it is a file system or a raw device.", static o => o.Has("spec", "volumeMode") ? o.Text("spec", "volumeMode") : "<unset>"),
        ],
    };

    public static KindDefinition Claim { get; } = BuiltInKinds.Row("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", namespaced: true) with
    {
        ShortNames = ["pvc"],
        HasStatus = true,
        Default = static value =>
        {
            value.Ensure("spec").Fill("volumeMode", "Filesystem");
            value.Ensure("status").Fill("phase", "Pending");
        },
        PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["phase"] = "Pending" },
        Validate = ValidateClaim,
        Columns =
        [
            Name,
            Shown("Status", "What it is at.", static o => o.Has("metadata", "deletionTimestamp") ? "Terminating" : o.Text("status", "phase")),
            Shown("Volume", "The volume that it is bound to.", static o => o.Text("spec", "volumeName")),
            Shown("Capacity", "How much that holds.", static o => o.Text("spec", "volumeName").Length > 0 ? o.Text("status", "capacity", "storage") : ""),
            Shown("Access Modes", "How it may be mounted.", static o => o.Text("spec", "volumeName").Length > 0 ? Short(o.Items("status", "accessModes")) : ""),
            Shown("StorageClass", "Its storage class.", static o => Class(o)),
            Shown("VolumeAttributesClass", "Its class of changeable attributes.", static o => o.Has("spec", "volumeAttributesClassName") ? o.Text("spec", "volumeAttributesClassName") : "<unset>"),
            Age,
            Wide("VolumeMode", "Whether it is a file system or a raw device.", static o => o.Has("spec", "volumeMode") ? o.Text("spec", "volumeMode") : "<unset>"),
        ],
    };

    /// <summary>The rules of a claim's spec, which claim templates share.</summary>
    public static void ClaimSpec(JsonObject spec, string path, FieldErrors errors)
    {
        Access(spec, path, errors);
        if (!spec.Child("resources").Child("requests").Has("storage"))
        {
            errors.Required($"{path}.resources[storage]");
        }
        else if (Quantity.TryParse(spec.Child("resources").Child("requests").Text("storage"), out var amount) && amount.Sign <= 0)
        {
            errors.Invalid($"{path}.resources[storage]", amount.ToString(), "must be greater than zero");
        }
        SelectorValidation.Validate(spec.Child("selector"), $"{path}.selector", errors);
        ClassName(spec, "storageClassName", path, errors);
        Mode(spec, path, errors);
    }

    private static string Class(JsonElement value) =>
        value.At("metadata", "annotations", OldClass) is { ValueKind: JsonValueKind.String } old ? old.GetString()! : value.Text("spec", "storageClassName");

    private static string Short(IEnumerable<JsonElement> modes) =>
        string.Join(',', modes.Select(m => m.GetString() ?? "").Distinct().Where(AccessModes.ContainsKey).OrderBy(m => AccessModes.Keys.ToList().IndexOf(m)).Select(m => AccessModes[m]));

    private static void Access(JsonObject spec, string path, FieldErrors errors)
    {
        var modes = spec.Texts("accessModes").ToList();
        if (modes.Count == 0)
        {
            errors.Required($"{path}.accessModes", "at least 1 access mode is required");
        }
        foreach (var mode in modes.Where(m => !AccessModes.ContainsKey(m)))
        {
            errors.NotSupported($"{path}.accessModes", mode, [.. AccessModes.Keys.Order(StringComparer.Ordinal)]);
        }
        if (modes.Count > 1 && modes.Contains("ReadWriteOncePod"))
        {
            errors.Forbidden($"{path}.accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    private static void Mode(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Has("volumeMode") && !Modes.Contains(spec.Text("volumeMode")))
        {
            errors.NotSupported($"{path}.volumeMode", spec.Text("volumeMode"), Modes);
        }
    }

    private static void ClassName(JsonObject spec, string field, string path, FieldErrors errors)
    {
        if (spec.Text(field) is { Length: > 0 } name && NameSyntax.SubdomainProblem(name) is { } problem)
        {
            errors.Invalid($"{path}.{field}", name, problem);
        }
    }

    private static void ValidateVolume(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Access(spec, "spec", errors);
        Mode(spec, "spec", errors);
        ClassName(spec, "storageClassName", "spec", errors);
        if (!spec.Child("capacity").Has("storage"))
        {
            errors.Required("spec.capacity");
        }
        foreach (var (name, amount) in spec.Map("capacity"))
        {
            if (name != "storage")
            {
                errors.NotSupported("spec.capacity", name, "storage");
            }
            else if (!Quantity.TryParse(amount, out var quantity) || quantity.Sign <= 0)
            {
                errors.Invalid($"spec.capacity[{name}]", amount, "must be greater than zero");
            }
        }
        if (!ReclaimPolicies.Contains(spec.Text("persistentVolumeReclaimPolicy")))
        {
            errors.NotSupported("spec.persistentVolumeReclaimPolicy", spec.Text("persistentVolumeReclaimPolicy"), ReclaimPolicies);
        }
        var sources = Sources(spec).ToList();
        if (sources.Count == 0)
        {
            errors.Required("spec", "must specify a volume type");
        }
        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"spec.{extra.Name}", "may not specify more than 1 volume type");
        }
        if (spec.Child("hostPath") is { } hostPath && hostPath.Text("path").Length == 0)
        {
            errors.Required("spec.hostPath.path");
        }
        if (spec.Child("local") is { } local)
        {
            if (local.Text("path").Length == 0)
            {
                errors.Required("spec.local.path");
            }
            if (!spec.Child("nodeAffinity").Has("required"))
            {
                errors.Required("spec.nodeAffinity", "Local volume requires node affinity");
            }
        }
        if (spec.Child("csi") is { } csi)
        {
            foreach (var name in (ReadOnlySpan<string>)["driver", "volumeHandle"])
            {
                if (csi.Text(name).Length == 0)
                {
                    errors.Required($"spec.csi.{name}");
                }
            }
        }
        if (old is null)
        {
            return;
        }
        var before = old.Child("spec") ?? [];
        if (!sources.All(s => JsonNode.DeepEquals(s.Value, before[s.Name])) || Sources(before).Any(s => !spec.Has(s.Name)))
        {
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }
        if (spec.Text("volumeMode") != before.Text("volumeMode"))
        {
            errors.Invalid("spec.volumeMode", spec.Text("volumeMode"), "field is immutable");
        }
    }

    private static IEnumerable<(string Name, JsonNode? Value)> Sources(JsonObject spec)
    {
        var type = Volume.Schema.Field("spec")!.Type!;
        return spec.Where(m => type.Field(m.Key) is { Kind: FieldKind.Object, IsMap: false, IsList: false } && !NoSources.Contains(m.Key)).Select(m => (m.Key, m.Value));
    }

    private static void ValidateClaim(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        ClaimSpec(spec, "spec", errors);
        if (old is null)
        {
            return;
        }
        var left = spec.DeepClone().AsObject();
        var right = old.Child("spec")?.DeepClone() as JsonObject ?? [];
        var bound = old.Child("status").Text("phase") == "Bound";
        if (right.Text("volumeName").Length == 0)
        {
            // Binding is the one thing that may still happen to it.
            left.Remove("volumeName");
        }
        if (right.Text("storageClassName").Length == 0 && !right.Has("storageClassName"))
        {
            left.Remove("storageClassName");
        }
        foreach (var name in (ReadOnlySpan<string>)["volumeAttributesClassName"])
        {
            left.Remove(name);
            right.Remove(name);
        }
        var wanted = left.Child("resources").Child("requests").Text("storage");
        var had = right.Child("resources").Child("requests").Text("storage");
        if (bound)
        {
            left.Child("resources").Child("requests")?.Remove("storage");
            right.Child("resources").Child("requests")?.Remove("storage");
        }
        if (!SemanticEquality.Equal(left, right, Claim.Schema.Field("spec")!.Type!))
        {
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
        else if (bound && Quantity.TryParse(wanted, out var next) && Quantity.TryParse(had, out var before) && next < before
            && (!Quantity.TryParse(old.Child("status").Child("capacity").Text("storage"), out var capacity) || next <= capacity))
        {
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }
    }
}
