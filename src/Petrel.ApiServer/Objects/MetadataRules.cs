using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Objects;

/// <summary>What the server does with metadata on every write (upstream: registry/rest BeforeCreate and BeforeUpdate).</summary>
internal static class MetadataRules
{
    private const int MaxGeneratedBase = 63 - 5;

    /// <summary>Fills in a new object's metadata. A missing name is left to validation.</summary>
    public static void PrepareForCreate(JsonObject document, KindDefinition kind, string namespaceName, WriteContext context)
    {
        var metadata = document.Metadata();
        var name = metadata.Text("name");
        if (name.Length == 0 && metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            name = (prefix.Length > MaxGeneratedBase ? prefix[..MaxGeneratedBase] : prefix) + context.Entropy.NewNameSuffix();
        }
        var others = metadata.ToList();
        metadata.Clear();
        // The order of members that users know from the API.
        if (name.Length > 0)
        {
            metadata["name"] = name;
        }
        foreach (var (member, value) in others)
        {
            if (
                member
                is not (
                    "name"
                    or "namespace"
                    or "uid"
                    or "creationTimestamp"
                    or "deletionTimestamp"
                    or "deletionGracePeriodSeconds"
                    or "resourceVersion"
                    or "generation"
                    or "managedFields"
                    or "selfLink"
                )
            )
            {
                metadata[member] = value;
            }
        }
        if (kind.Namespaced)
        {
            metadata["namespace"] = namespaceName;
        }
        metadata["uid"] = context.Entropy.NewUid();
        metadata["creationTimestamp"] = context.Time.GetUtcNow().ToTimestamp();
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }
    }

    /// <summary>
    /// Carries over members that an update omits, and keeps those that only the server sets. Wrong values are kept for validation to
    /// refuse.
    /// </summary>
    public static void PrepareForUpdate(JsonObject document, JsonObject old, KindDefinition kind)
    {
        var metadata = document.Metadata();
        var before = old.Metadata();
        foreach (
            var name in (ReadOnlySpan<string>)
                ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"]
        )
        {
            if (metadata[name] is null && before[name] is { } value)
            {
                metadata[name] = value.DeepClone();
            }
        }
        metadata.Remove("managedFields");
        metadata.Remove("selfLink");
        metadata.CopyFrom(before, "resourceVersion");
        metadata.CopyFrom(before, "generation");
    }

    /// <summary>Raises the generation when anything outside metadata and status changed.</summary>
    public static void CountGeneration(JsonObject document, JsonObject old, KindDefinition kind, Func<string, bool> isUnchanged)
    {
        var annotationsCount =
            kind.AnnotationsRaiseGeneration && !JsonNode.DeepEquals(document.Metadata()["annotations"], old.Metadata()["annotations"]);
        if (kind.HasGeneration && (annotationsCount || !SameDesire(document, old, kind.IsCustom && !kind.HasStatus, isUnchanged)))
        {
            document.Metadata()["generation"] = (old.Metadata().Number("generation") ?? 0) + 1;
        }
    }

    /// <summary>An object's uid and resourceVersion, as a precondition of a write, must be the current ones.</summary>
    public static void CheckPreconditions(KindDefinition kind, string name, JsonObject current, string? uid, string? resourceVersion)
    {
        if (!string.IsNullOrEmpty(uid) && uid != current.Metadata().Text("uid"))
        {
            throw StatusErrors.Conflict(
                kind,
                name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Metadata().Text("uid")}"
            );
        }
        if (
            !string.IsNullOrEmpty(resourceVersion)
            && resourceVersion != "0"
            && resourceVersion != current.Metadata().Text("resourceVersion")
        )
        {
            throw StatusErrors.Modified(kind, name);
        }
    }

    /// <summary>The name and namespace in the body must be those of the path, when stated.</summary>
    public static void CheckPath(JsonObject document, KindDefinition kind, ObjectKey key)
    {
        var metadata = document.Metadata();
        var name = metadata.Text("name");
        if (key.Name.Length > 0 && name.Length > 0 && name != key.Name)
        {
            throw StatusErrors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})");
        }
        var namespaceName = metadata.Text("namespace");
        if (namespaceName.Length > 0 && namespaceName != key.Namespace)
        {
            throw StatusErrors.BadRequest(
                kind.Namespaced
                    ? "the namespace of the provided object does not match the namespace sent on the request"
                    : $"namespace is not allowed on cluster-scoped {kind.Gvk.Kind}: metadata.namespace must be empty"
            );
        }
    }

    private static bool SameDesire(JsonObject left, JsonObject right, bool statusCounts, Func<string, bool> isUnchanged)
    {
        foreach (var (name, value) in left)
        {
            if (
                name != "metadata"
                && (statusCounts || name != "status")
                && !isUnchanged(name)
                && !JsonEquality.DeepEquals(value, right[name])
            )
            {
                return false;
            }
        }
        foreach (var (name, value) in right)
        {
            if (name != "metadata" && (statusCounts || name != "status") && value is not null && !left.ContainsKey(name))
            {
                return false;
            }
        }
        return true;
    }
}
