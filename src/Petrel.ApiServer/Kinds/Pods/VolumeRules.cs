using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>What PersistentVolumes and claims for them have in common.</summary>
internal static class VolumeRules
{
    private const string OldClass = "volume.beta.kubernetes.io/storage-class";

    private static readonly string[] Modes = ["Block", "Filesystem"];

    // In the order that kubectl shows them.
    private static readonly (string Name, string Short)[] AccessModes =
    [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];

    private static readonly string[] AccessModeNames = [.. AccessModes.Select(m => m.Name).Order(StringComparer.Ordinal)];

    /// <summary>The storage class, from the field or the older annotation.</summary>
    public static string Class(JsonElement value) =>
        value.At("metadata", "annotations", OldClass) is { ValueKind: JsonValueKind.String } old
            ? old.GetString()!
            : value.Text("spec", "storageClassName");

    /// <summary>What a column shows of a class that may be unset.</summary>
    public static string OrUnset(JsonElement value, string name) => value.Has("spec", name) ? value.Text("spec", name) : "<unset>";

    /// <summary>Access modes as kubectl shortens them.</summary>
    public static string Short(IEnumerable<JsonElement> modes)
    {
        var names = modes.Select(m => m.GetString()).ToHashSet();
        return string.Join(',', AccessModes.Where(m => names.Contains(m.Name)).Select(m => m.Short));
    }

    /// <summary>The annotation in place of the class, of a document.</summary>
    public static string? ClassAnnotation(JsonObject value) => NodeFields.AsText(value.Child("metadata").Child("annotations")?[OldClass]);

    /// <summary>The name of the annotation, for messages.</summary>
    public static string ClassAnnotationName => OldClass;

    public static void Access(JsonObject spec, string path, FieldErrors errors)
    {
        var modes = spec.Texts("accessModes").ToList();
        foreach (var mode in modes.Where(m => !AccessModeNames.Contains(m)))
        {
            errors.NotSupported($"{path}.accessModes", mode, AccessModeNames);
        }
        if (modes.Contains("ReadWriteOncePod") && modes.Any(m => m != "ReadWriteOncePod" && AccessModeNames.Contains(m)))
        {
            errors.Forbidden($"{path}.accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    public static void Mode(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Has("volumeMode") && !Modes.Contains(spec.Text("volumeMode")))
        {
            errors.NotSupported($"{path}.volumeMode", spec.Text("volumeMode"), Modes);
        }
    }

    public static void ClassName(JsonObject spec, string field, string path, FieldErrors errors)
    {
        if (spec.Text(field) is { Length: > 0 } name && NameSyntax.SubdomainProblem(name) is { } problem)
        {
            errors.Invalid($"{path}.{field}", name, problem);
        }
    }

    /// <summary>An amount that there must be some of.</summary>
    public static void Positive(string amount, string path, FieldErrors errors)
    {
        if (!Quantity.TryParse(amount, out var quantity))
        {
            errors.Invalid(path, amount, "must be a valid quantity");
        }
        else if (quantity.Sign <= 0)
        {
            errors.Invalid(path, amount, "must be greater than zero");
        }
    }
}
