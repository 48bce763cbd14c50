using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 PersistentVolumeClaim: a request for a volume, and once bound its name in the namespace.</summary>
internal static class PersistentVolumeClaimKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", namespaced: true) with
        {
            DeletionReturnsObject = true,
            ShortNames = ["pvc"],
            HasStatus = true,
            Default = static value =>
            {
                value.Ensure("spec").Fill("volumeMode", "Filesystem");
                value.Ensure("status").Fill("phase", "Pending");
            },
            PrepareForCreate = static (value, _) =>
            {
                value["status"] = new JsonObject { ["phase"] = "Pending" };
                Populate(value.Ensure("spec"), null);
            },
            PrepareForUpdate = static (value, old, _) => Populate(value.Ensure("spec"), old.Child("spec")),
            Validate = Validate,
            Warnings = static (value, _) => VolumeWarnings.OfClaim(value),
            Columns =
            [
                Name,
                Shown("Status", "What it is at.", static o =>
                    o.Has("metadata", "deletionTimestamp") ? "Terminating" : o.Text("status", "phase")
                ),
                Shown("Volume", "The volume that it is bound to.", static o => o.Text("spec", "volumeName")),
                Shown("Capacity", "How much that holds.", static o =>
                    o.Text("spec", "volumeName").Length > 0 ? o.Text("status", "capacity", "storage") : ""
                ),
                Shown("Access Modes", "How it may be mounted.", static o =>
                    o.Text("spec", "volumeName").Length > 0 ? VolumeRules.Short(o.Items("status", "accessModes")) : ""
                ),
                Shown("StorageClass", "Its storage class.", static o => VolumeRules.Class(o)),
                Shown("VolumeAttributesClass", "Its class of changeable attributes.", static o =>
                    VolumeRules.OrUnset(o, "volumeAttributesClassName")
                ),
                Age,
                Wide("VolumeMode", "Whether it is a file system or a raw device.", static o => VolumeRules.OrUnset(o, "volumeMode")),
            ],
        };

    /// <summary>The rules of a claim's spec, which claim templates share.</summary>
    public static void ClaimSpec(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.List("accessModes") is not { Count: > 0 })
        {
            errors.Required($"{path}.accessModes", "at least 1 access mode is required");
        }
        SelectorValidation.Validate(spec.Child("selector"), $"{path}.selector", errors);
        VolumeRules.Access(spec, path, errors);
        if (!spec.Child("resources").Child("requests").Has("storage"))
        {
            errors.Required($"{path}.resources[storage]");
        }
        else
        {
            VolumeRules.Positive(spec.Child("resources").Child("requests").Text("storage"), $"{path}.resources[storage]", errors);
        }
        VolumeRules.ClassName(spec, "storageClassName", path, errors);
        VolumeRules.Mode(spec, path, errors);
        DataSources(spec, path, errors);
        VolumeRules.ClassName(spec, "volumeAttributesClassName", path, errors);
    }

    /// <summary>
    /// dataSource and dataSourceRef name what fills a volume; the older one allows only claims and snapshots. Each is filled in from
    /// the other.
    /// </summary>
    private static void Populate(JsonObject spec, JsonObject? before)
    {
        var old = spec.Child("dataSource");
        if (!before.Has("dataSource") && !before.Has("dataSourceRef") && old is not null && !TakesOldField(old))
        {
            spec.Remove("dataSource");
            old = null;
        }
        var source = spec.Child("dataSourceRef");
        if (old is not null && source is null)
        {
            spec["dataSourceRef"] = old.DeepClone();
        }
        else if (old is null && source is not null && source.Text("namespace").Length == 0 && TakesOldField(source))
        {
            var copy = source.DeepClone().AsObject();
            copy.Remove("namespace");
            spec["dataSource"] = copy;
        }
    }

    private static bool TakesOldField(JsonObject source) =>
        (source.Text("apiGroup"), source.Text("kind")) is ("", "PersistentVolumeClaim") or ("snapshot.storage.k8s.io", "VolumeSnapshot");

    private static void DataSources(JsonObject spec, string path, FieldErrors errors)
    {
        var (old, source) = (spec.Child("dataSource"), spec.Child("dataSourceRef"));
        foreach (var (reference, at) in ((JsonObject?, string)[])[(old, $"{path}.dataSource"), (source, $"{path}.dataSourceRef")])
        {
            if (reference is not null)
            {
                DataSource(reference, at, errors);
            }
        }
        if (old is null || source is null)
        {
            return;
        }
        if (source.Text("namespace").Length > 0)
        {
            errors.Invalid(path, $"{path}.dataSource", "may not be specified when dataSourceRef.namespace is specified");
        }
        else if (
            old.Text("apiGroup") != source.Text("apiGroup")
            || old.Text("kind") != source.Text("kind")
            || old.Text("name") != source.Text("name")
        )
        {
            errors.Invalid(path, $"{path}.dataSource", "must match dataSourceRef");
        }
    }

    private static void DataSource(JsonObject reference, string path, FieldErrors errors)
    {
        VolumeValidation.Needed(reference, "name", path, errors);
        VolumeValidation.Needed(reference, "kind", path, errors);
        var group = reference.Text("apiGroup");
        if (group.Length == 0 && reference.Text("kind") != "PersistentVolumeClaim")
        {
            errors.Invalid(path, reference.Text("kind"), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        }
        if (group.Length > 0 && NameSyntax.SubdomainProblem(group) is { } problem)
        {
            errors.Invalid($"{path}.apiGroup", group, problem);
        }
        if (reference.Text("namespace") is { Length: > 0 } namespaceName && NameSyntax.LabelProblem(namespaceName) is { } namespaceProblem)
        {
            errors.Invalid($"{path}.namespace", namespaceName, namespaceProblem);
        }
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        ClaimSpec(spec, "spec", errors);
        if (old is null)
        {
            return;
        }
        var before = old.Child("spec") ?? [];
        if (VolumeRules.ClassAnnotation(value) is var annotation && annotation != VolumeRules.ClassAnnotation(old))
        {
            errors.Invalid($"metadata.annotations[{VolumeRules.ClassAnnotationName}]", annotation ?? "", "field is immutable");
        }
        if (!SemanticEquality.Equal(Fixed(spec, value, before, old), before, Definition.Schema.Field("spec")!.Type!))
        {
            errors.Forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
            );
        }
        Size(spec, before, old, errors);
        if (spec.Text("volumeMode") != before.Text("volumeMode"))
        {
            errors.Invalid("volumeMode", spec.Text("volumeMode"), "field is immutable");
        }
        if (!before.Has("volumeAttributesClassName"))
        {
            return;
        }
        if (!spec.Has("volumeAttributesClassName"))
        {
            errors.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
        }
        else if (spec.Text("volumeAttributesClassName").Length == 0 && before.Text("volumeAttributesClassName").Length > 0)
        {
            errors.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to an empty string is forbidden");
        }
    }

    /// <summary>The spec with what may change as it was before.</summary>
    private static JsonObject Fixed(JsonObject spec, JsonObject value, JsonObject before, JsonObject old)
    {
        var result = spec.DeepClone().AsObject();
        result.Remove("volumeAttributesClassName");
        if (before.Has("volumeAttributesClassName"))
        {
            result["volumeAttributesClassName"] = before.Text("volumeAttributesClassName");
        }
        if (before.Text("volumeName").Length == 0)
        {
            // A claim is bound once.
            result.Remove("volumeName");
        }
        if (!before.Has("storageClassName") && VolumeRules.ClassAnnotation(old) is null)
        {
            // A default class may be set later than the claim is created.
            result.Remove("storageClassName");
        }
        if (value.Child("status").Text("phase") == "Bound" && result.Child("resources").Child("requests") is { } requests)
        {
            requests["storage"] = before.Child("resources").Child("requests").Text("storage");
        }
        return result;
    }

    // A request may shrink only to cancel an expansion, and never below the actual size.
    private static void Size(JsonObject spec, JsonObject before, JsonObject old, FieldErrors errors)
    {
        if (
            !Quantity.TryParse(spec.Child("resources").Child("requests").Text("storage"), out var next)
            || !Quantity.TryParse(before.Child("resources").Child("requests").Text("storage"), out var last)
            || next >= last
        )
        {
            return;
        }
        if (!Quantity.TryParse(old.Child("status").Child("capacity").Text("storage"), out var capacity))
        {
            capacity = Quantity.FromValue(0);
        }
        if (next <= capacity)
        {
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }
    }
}
