using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>Checks <c>metadata</c>, which is alike for all kinds (upstream: ValidateObjectMeta).</summary>
public static class MetadataValidation
{
    private const int MaxAnnotationBytes = 256 * 1024;
    private const string Unknown = "name is neither a standard finalizer name nor is it fully qualified";

    /// <summary>Checks a new object's metadata; its name is already given or generated.</summary>
    public static void Validate(JsonObject document, KindDefinition kind, FieldErrors errors)
    {
        var metadata = document.Child("metadata");
        var name = metadata.Text("name");
        var prefix = metadata.Text("generateName");
        // A generated name goes on after the prefix, so that the prefix may end in a dash.
        if (prefix.Length > 0 && kind.NameProblem(prefix[^1] == '-' ? prefix[..^1] + "a" : prefix) is { } prefixProblem)
        {
            errors.Invalid("metadata.generateName", prefix, prefixProblem);
        }
        if (name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
        }
        else if (kind.NameProblem(name) is { } problem)
        {
            errors.Invalid("metadata.name", name, problem);
        }
        var namespaceName = metadata.Text("namespace");
        if (!kind.Namespaced && namespaceName.Length > 0)
        {
            errors.Forbidden("metadata.namespace", "not allowed on this type");
        }
        else if (kind.Namespaced && namespaceName.Length == 0)
        {
            errors.Required("metadata.namespace");
        }
        else if (kind.Namespaced && NameSyntax.LabelProblem(namespaceName) is { } namespaceProblem)
        {
            errors.Invalid("metadata.namespace", namespaceName, namespaceProblem);
        }
        Labels(metadata, "labels", "metadata", errors);
        Annotations(metadata, "metadata", errors);
        OwnerReferences(metadata, errors);
        Finalizers(metadata, kind, errors);
    }

    // Upstream is more lenient with custom resources: many of their finalizers have no domain.
    private static void Finalizers(JsonObject? metadata, KindDefinition kind, FieldErrors errors)
    {
        const string path = "metadata.finalizers";
        var finalizers = metadata.Texts("finalizers").ToArray();
        foreach (var finalizer in finalizers)
        {
            if (LabelSyntax.KeyProblem(finalizer) is { } problem)
            {
                errors.Invalid(path, finalizer, problem);
            }
        }
        if (finalizers.Contains("orphan") && finalizers.Contains("foregroundDeletion"))
        {
            errors.Invalid(path, metadata.List("finalizers"), "finalizer orphan and foregroundDeletion cannot be both set");
        }
        if (kind.IsCustom || kind.Gvk.Group is "apiextensions.k8s.io" or "apiregistration.k8s.io")
        {
            return;
        }
        for (var i = 0; i < finalizers.Length; i++)
        {
            if (!IsFinalizer(finalizers[i]))
            {
                errors.Invalid($"{path}[{i}]", finalizers[i], Unknown);
            }
        }
    }

    /// <summary>Checks a map of labels, in <c>metadata</c> or in a selector.</summary>
    public static void Labels(JsonNode? parent, string name, string path, FieldErrors errors)
    {
        foreach (var (key, value) in parent.Map(name))
        {
            if (LabelSyntax.KeyProblem(key) is { } keyProblem)
            {
                errors.Invalid($"{path}.{name}", key, keyProblem);
            }
            if (LabelSyntax.ValueProblem(value) is { } valueProblem)
            {
                errors.Invalid($"{path}.{name}", value, valueProblem);
            }
        }
    }

    /// <summary>Checks annotations: keys like labels' but in any case, and their size together.</summary>
    public static void Annotations(JsonNode? parent, string path, FieldErrors errors)
    {
        var size = 0;
        foreach (var (key, value) in parent.Map("annotations"))
        {
            if (LabelSyntax.KeyProblem(key.ToLowerInvariant()) is { } problem)
            {
                errors.Invalid($"{path}.annotations", key, problem);
            }
            size += System.Text.Encoding.UTF8.GetByteCount(key) + System.Text.Encoding.UTF8.GetByteCount(value);
        }
        if (size > MaxAnnotationBytes)
        {
            errors.TooLong($"{path}.annotations", MaxAnnotationBytes);
        }
    }

    /// <summary>Checks a finalizer's name: qualified, unless it is one of the few old ones.</summary>
    public static void Finalizer(string finalizer, string path, FieldErrors errors)
    {
        if (LabelSyntax.KeyProblem(finalizer) is { } problem)
        {
            errors.Invalid(path, finalizer, problem);
        }
        else if (!IsFinalizer(finalizer))
        {
            errors.Invalid(path, finalizer, Unknown);
        }
    }

    private static bool IsFinalizer(string name) =>
        name.Contains('/', StringComparison.Ordinal) || name is "kubernetes" or "orphan" or "foregroundDeletion";

    private static void OwnerReferences(JsonObject? metadata, FieldErrors errors)
    {
        var controller = "";
        foreach (var (owner, path) in metadata.Indexed("ownerReferences", "metadata"))
        {
            var version = owner.Text("apiVersion");
            if (version.Length == 0)
            {
                errors.Invalid($"{path}.apiVersion", version, "version must not be empty");
            }
            foreach (var field in new[] { "kind", "name", "uid" })
            {
                if (owner.Text(field).Length == 0)
                {
                    errors.Invalid($"{path}.{field}", "", "must not be empty");
                }
            }
            if (owner.Text("kind") == "Event" && version is "v1" or "events.k8s.io/v1")
            {
                errors.Invalid(path, $"{version}, Kind=Event", "is disallowed from being an owner");
            }
            if (owner.Flag("controller") != true)
            {
                continue;
            }
            if (controller.Length > 0)
            {
                errors.Invalid(
                    "metadata.ownerReferences",
                    metadata.List("ownerReferences"),
                    $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {Shown(owner)}"
                );
            }
            controller = Shown(owner);
        }
    }

    private static string Shown(JsonObject owner) => $"{owner.Text("kind")}/{owner.Text("name")}";
}
