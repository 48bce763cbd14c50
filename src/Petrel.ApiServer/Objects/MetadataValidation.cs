using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Objects;

/// <summary>Checks metadata, the same for every kind (upstream: apimachinery validation of ObjectMeta).</summary>
internal static class MetadataValidation
{
    private const int MaxAnnotationBytes = 256 * 1024;

    private static readonly string[] Immutable = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];

    public static void OnCreate(JsonObject document, KindDefinition kind, FieldErrors errors)
    {
        var metadata = document.Metadata();
        var generateName = metadata.Text("generateName");
        if (generateName.Length > 0 && NameRules.Problem(kind, generateName.TrimEnd('-') + (generateName.EndsWith('-') ? "-a" : "")) is { } generated)
        {
            errors.Invalid("metadata.generateName", generateName, generated);
        }
        var name = metadata.Text("name");
        if (name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
        }
        else if (NameRules.Problem(kind, name) is { } problem)
        {
            errors.Invalid("metadata.name", name, problem);
        }
        Common(metadata, errors);
    }

    public static void OnUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        var metadata = document.Metadata();
        var before = old.Metadata();
        foreach (var name in Immutable)
        {
            if (!JsonNode.DeepEquals(metadata[name], before[name]))
            {
                errors.Invalid($"metadata.{name}", metadata[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : metadata[name], "field is immutable");
            }
        }
        if (before["deletionTimestamp"] is not null)
        {
            var known = before.Texts("finalizers");
            var added = metadata.Texts("finalizers").Where(f => !known.Contains(f)).ToArray();
            if (added.Length > 0)
            {
                errors.Forbidden(
                    "metadata.finalizers",
                    $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added.Select(f => $"\"{f}\""))}}}");
            }
        }
        Common(metadata, errors);
    }

    private static void Common(JsonObject metadata, FieldErrors errors)
    {
        if (metadata.Object("labels") is { } labels)
        {
            foreach (var (key, value) in labels)
            {
                if (LabelSyntax.KeyProblem(key) is { } keyProblem)
                {
                    errors.Invalid("metadata.labels", key, keyProblem);
                }
                if (LabelSyntax.ValueProblem((string)value!) is { } valueProblem)
                {
                    errors.Invalid("metadata.labels", (string)value!, valueProblem);
                }
            }
        }
        Annotations(metadata, errors);
        foreach (var finalizer in metadata.Texts("finalizers"))
        {
            if (LabelSyntax.KeyProblem(finalizer) is { } problem)
            {
                errors.Invalid("metadata.finalizers", finalizer, problem);
            }
        }
        OwnerReferences(metadata, errors);
    }

    private static void Annotations(JsonObject metadata, FieldErrors errors)
    {
        if (metadata.Object("annotations") is not { } annotations)
        {
            return;
        }
        long size = 0;
        foreach (var (key, value) in annotations)
        {
            if (LabelSyntax.KeyProblem(key.ToLowerInvariant()) is { } problem)
            {
                errors.Invalid("metadata.annotations", key, problem);
            }
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount((string)value!);
        }
        if (size > MaxAnnotationBytes)
        {
            errors.TooLong("metadata.annotations", MaxAnnotationBytes);
        }
    }

    private static void OwnerReferences(JsonObject metadata, FieldErrors errors)
    {
        if (metadata["ownerReferences"] is not JsonArray owners)
        {
            return;
        }
        string? controller = null;
        for (var i = 0; i < owners.Count; i++)
        {
            var owner = owners[i]!.AsObject();
            foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
            {
                if (owner.Text(name).Length == 0)
                {
                    errors.Invalid($"metadata.ownerReferences[{i}].{name}", "", $"{name} must not be empty");
                }
            }
            if (owner["controller"] is JsonValue flag && flag.TryGetValue<bool>(out var isController) && isController)
            {
                var shown = $"{owner.Text("kind")}/{owner.Text("name")}";
                if (controller is not null)
                {
                    errors.Invalid(
                        "metadata.ownerReferences",
                        owner.Text("name"),
                        $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {shown}");
                }
                controller = shown;
            }
        }
    }
}
