using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1: StorageClass, VolumeAttachment, CSIDriver, CSINode, CSIStorageCapacity, VolumeAttributesClass.</summary>
internal static class StorageKinds
{
    private const string Group = "storage.k8s.io";
    private const int MaxParameters = 512;
    private const int MaxParameterBytes = 256 * 1024;

    private static readonly string[] DefaultMarks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    private static readonly string[] BindingModes = ["Immediate", "WaitForFirstConsumer"];
    private static readonly string[] FsGroupPolicies = ["File", "None", "ReadWriteOnceWithFSType"];
    private static readonly string[] LifecycleModes = ["Ephemeral", "Persistent"];

    public static KindDefinition Class { get; } = BuiltInKinds.Row(Group, "v1", "StorageClass", "storageclasses", namespaced: false) with
    {
        ShortNames = ["sc"],
        Default = static value =>
        {
            value.Fill("reclaimPolicy", "Delete");
            value.Fill("volumeBindingMode", "Immediate");
        },
        Validate = ValidateClass,
        Columns =
        [
            new("Name", "string", "name", "The object's name, and whether it is the default.", 0, static (o, _) => IsDefault(o) ? o.Text("metadata", "name") + " (default)" : o.Text("metadata", "name")),
            Shown("Provisioner", "What makes its volumes.", static o => o.Text("provisioner")),
            Shown("ReclaimPolicy", "What becomes of a volume after its claim.", static o => o.Text("reclaimPolicy")),
            Shown("VolumeBindingMode", "When a volume is made.", static o => o.Text("volumeBindingMode")),
            Shown("AllowVolumeExpansion", "Whether volumes may grow.", static o => o.Flag("allowVolumeExpansion") ? "true" : "false"),
            Age,
        ],
    };

    public static KindDefinition Attachment { get; } = BuiltInKinds.Row(Group, "v1", "VolumeAttachment", "volumeattachments", namespaced: false) with
    {
        HasStatus = true,
        PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["attached"] = false },
        Validate = ValidateAttachment,
        Columns =
        [
            Name,
            Shown("Attacher", "What attaches the volume.", static o => o.Text("spec", "attacher")),
            Shown("PV", "The volume.", static o => o.Text("spec", "source", "persistentVolumeName")),
            Shown("Node", "The node that it is attached to.", static o => o.Text("spec", "nodeName")),
            Shown("Attached", "Whether it is.", static o => o.Flag("status", "attached") ? "true" : "false", "boolean"),
            Age,
        ],
    };

    public static KindDefinition Driver { get; } = BuiltInKinds.Row(Group, "v1", "CSIDriver", "csidrivers", namespaced: false) with
    {
        Default = static value =>
        {
            var spec = value.Ensure("spec");
            spec.Fill("attachRequired", true);
            spec.Fill("podInfoOnMount", false);
            spec.Fill("storageCapacity", false);
            spec.Fill("fsGroupPolicy", "ReadWriteOnceWithFSType");
            spec.Fill("requiresRepublish", false);
            spec.Fill("seLinuxMount", false);
            if (spec.List("volumeLifecycleModes") is not { Count: > 0 })
            {
                spec["volumeLifecycleModes"] = new JsonArray("Persistent");
            }
        },
        Validate = ValidateDriver,
        Columns =
        [
            Name,
            Shown("AttachRequired", "Whether volumes must be attached first.", static o => o.Flag("spec", "attachRequired") ? "true" : "false", "boolean"),
            Shown("PodInfoOnMount", "Whether it is told of pods.", static o => o.Flag("spec", "podInfoOnMount") ? "true" : "false", "boolean"),
            Shown("StorageCapacity", "Whether it tells how much is free.", static o => o.Flag("spec", "storageCapacity") ? "true" : "false"),
            Shown("TokenRequests", "The audiences of the tokens that it gets.", static o => o.Count("spec", "tokenRequests") == 0 ? "<unset>" : string.Join(',', o.Items("spec", "tokenRequests").Select(t => t.Text("audience")))),
            Shown("RequiresRepublish", "Whether it is called again and again.", static o => o.Flag("spec", "requiresRepublish") ? "true" : "false", "boolean"),
            Shown("Modes", "How long its volumes may live.", static o => o.Count("spec", "volumeLifecycleModes") == 0 ? None : string.Join(',', o.Items("spec", "volumeLifecycleModes").Select(m => m.GetString()))),
            Age,
        ],
    };

    public static KindDefinition Node { get; } = BuiltInKinds.Row(Group, "v1", "CSINode", "csinodes", namespaced: false) with
    {
        Validate = ValidateNode,
        Columns = [Name, Shown("Drivers", "How many drivers it has.", static o => o.Count("spec", "drivers"), "integer"), Age],
    };

    public static KindDefinition Capacity { get; } = BuiltInKinds.Row(Group, "v1", "CSIStorageCapacity", "csistoragecapacities", namespaced: true) with
    {
        Validate = ValidateCapacity,
        Columns =
        [
            Name,
            Shown("StorageClassName", "The class that it is about.", static o => o.Text("storageClassName")),
            Shown("Capacity", "How much is free.", static o => o.Has("capacity") ? o.Text("capacity") : "<unset>"),
        ],
    };

    public static KindDefinition Attributes { get; } = BuiltInKinds.Row(Group, "v1", "VolumeAttributesClass", "volumeattributesclasses", namespaced: false) with
    {
        ShortNames = ["vac"],
        Validate = static (value, old, errors) =>
        {
            Provisioner(value.Text("driverName"), "driverName", errors);
            Parameters(value, errors);
            if (value.Child("parameters") is not { Count: > 0 })
            {
                errors.Required("parameters", "must contain at least one key/value pair");
            }
            Same(value, old, ["driverName", "parameters"], errors);
        },
        Columns = [Name, Shown("DriverName", "The driver that knows the attributes.", static o => o.Text("driverName")), Age],
    };

    private static bool IsDefault(JsonElement value) => DefaultMarks.Any(m => value.Text("metadata", "annotations", m) == "true");

    private static void Provisioner(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (LabelSyntax.KeyProblem(name.ToLowerInvariant()) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
    }

    private static void Parameters(JsonObject value, FieldErrors errors)
    {
        var all = value.Map("parameters").ToList();
        if (all.Count > MaxParameters)
        {
            errors.TooMany("parameters", all.Count, MaxParameters);
        }
        foreach (var (name, _) in all)
        {
            if (name.Length == 0)
            {
                errors.Invalid("parameters", name, "field can not be empty.");
            }
        }
        if (all.Sum(p => p.Key.Length + p.Value.Length) > MaxParameterBytes)
        {
            errors.TooLong("parameters", MaxParameterBytes);
        }
    }

    private static void Same(JsonObject value, JsonObject? old, string[] fields, FieldErrors errors)
    {
        foreach (var field in fields)
        {
            if (old is not null && !JsonNode.DeepEquals(value[field], old[field]))
            {
                errors.Forbidden(field, "updates to " + field + " are forbidden.");
            }
        }
    }

    private static void ValidateClass(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        Provisioner(value.Text("provisioner"), "provisioner", errors);
        Parameters(value, errors);
        if (value.Text("reclaimPolicy") is not ("Delete" or "Retain") and var policy)
        {
            errors.NotSupported("reclaimPolicy", policy, "Delete", "Retain");
        }
        if (!BindingModes.Contains(value.Text("volumeBindingMode")))
        {
            errors.NotSupported("volumeBindingMode", value.Text("volumeBindingMode"), BindingModes);
        }
        Same(value, old, ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"], errors);
    }

    private static void ValidateAttachment(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Provisioner(spec.Text("attacher"), "spec.attacher", errors);
        if (NameSyntax.SubdomainProblem(spec.Text("nodeName")) is { } problem)
        {
            errors.Invalid("spec.nodeName", spec.Text("nodeName"), problem);
        }
        var source = spec.Child("source");
        if (source.Has("persistentVolumeName") == source.Has("inlineVolumeSpec"))
        {
            errors.Required("spec.source", source.Has("persistentVolumeName")
                ? "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
                : "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        if (old is not null && !JsonNode.DeepEquals(spec, old.Child("spec")))
        {
            errors.Invalid("spec", spec, "field is immutable");
        }
    }

    private static void ValidateDriver(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var name = value.Child("metadata").Text("name");
        if (name.Length > 63)
        {
            errors.TooLong("metadata.name", 63);
        }
        var spec = value.Child("spec") ?? [];
        if (!FsGroupPolicies.Contains(spec.Text("fsGroupPolicy")))
        {
            errors.NotSupported("spec.fsGroupPolicy", spec.Text("fsGroupPolicy"), FsGroupPolicies);
        }
        foreach (var mode in spec.Texts("volumeLifecycleModes").Where(m => !LifecycleModes.Contains(m)))
        {
            errors.NotSupported("spec.volumeLifecycleModes", mode, LifecycleModes);
        }
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (request, at) in spec.Indexed("tokenRequests", "spec"))
        {
            if (!audiences.Add(request.Text("audience")))
            {
                errors.Duplicate($"{at}.audience", request.Text("audience"));
            }
            if (request.Number("expirationSeconds") < 600)
            {
                errors.Invalid($"{at}.expirationSeconds", request.Number("expirationSeconds"), "may not specify a duration less than 10 minutes");
            }
        }
        foreach (var field in (ReadOnlySpan<string>)["attachRequired", "volumeLifecycleModes"])
        {
            if (old is not null && !JsonNode.DeepEquals(spec[field], old.Child("spec")?[field]))
            {
                errors.Invalid($"spec.{field}", spec[field], "field is immutable");
            }
        }
    }

    private static void ValidateNode(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (driver, at) in value.Child("spec").Indexed("drivers", "spec"))
        {
            var name = driver.Text("name");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }
            if (driver.Text("nodeID").Length == 0)
            {
                errors.Required($"{at}.nodeID");
            }
            Quantities.NotNegative(driver.Child("allocatable").Number("count"), $"{at}.allocatable.count", errors);
        }
    }

    private static void ValidateCapacity(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        if (NameSyntax.SubdomainProblem(value.Text("storageClassName")) is { } problem)
        {
            errors.Invalid("storageClassName", value.Text("storageClassName"), problem);
        }
        SelectorValidation.Validate(value.Child("nodeTopology"), "nodeTopology", errors);
        foreach (var field in (ReadOnlySpan<string>)["capacity", "maximumVolumeSize"])
        {
            if (value.Has(field))
            {
                Quantities.NotNegative(value.Text(field), field, errors);
            }
        }
        foreach (var field in (ReadOnlySpan<string>)["nodeTopology", "storageClassName"])
        {
            if (old is not null && !JsonNode.DeepEquals(value[field], old[field]))
            {
                errors.Invalid(field, value[field], "field is immutable");
            }
        }
    }
}
