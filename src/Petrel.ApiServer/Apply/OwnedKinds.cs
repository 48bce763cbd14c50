using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Apply;

namespace Petrel.ApiServer.Apply;

/// <summary>Kinds as field ownership sees them: all their versions, and the fields that each path resets.</summary>
internal static class OwnedKinds
{
    private static readonly FieldSet NoFields = new();
    private static readonly FieldSet Status = Paths("status");

    /// <summary>The kind in the version of a request; managers may have written in the other ones that are served.</summary>
    public static ApplyKind Of(KindDefinition kind, KindRegistry kinds) =>
        new(kind.Gvk.ApiVersion, kind.Schema, apiVersion => Version(kind, kinds, apiVersion));

    /// <summary>
    /// The fields that a path does not write: status for the object's own path, everything but status for the status path.
    /// </summary>
    public static FieldSet ResetFields(KindDefinition kind, string subresource)
    {
        if (subresource != "status")
        {
            return kind.HasStatus ? Status : NoFields;
        }
        var set = new FieldSet();
        foreach (var field in kind.Schema.Fields)
        {
            if (field.Name is not ("apiVersion" or "kind" or "metadata" or "status"))
            {
                set.Add(PathElement.Field(field.Name));
            }
        }
        // Annotations are written: controllers record their progress in them.
        foreach (var name in (ReadOnlySpan<string>)["labels", "finalizers", "ownerReferences"])
        {
            set.Add(PathElement.Field("metadata"), PathElement.Field(name));
        }
        return set;
    }

    private static ApplyVersion? Version(KindDefinition kind, KindRegistry kinds, string apiVersion)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var (group, version) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        if (kinds.Find(new GroupVersionKind(group, version, kind.Gvk.Kind)) is not { } other || other.StorePrefix != kind.StorePrefix)
        {
            return null;
        }
        return new(other.Schema, document => Convert(document, kind, other), document => Convert(document, other, kind));
    }

    private static JsonObject Convert(JsonObject document, KindDefinition from, KindDefinition to)
    {
        var stored = from.ToStorage is { } store ? store(document) : document;
        var shown = to.FromStorage is { } show ? show(stored) : stored;
        shown["apiVersion"] = to.Gvk.ApiVersion;
        return shown;
    }

    private static FieldSet Paths(params string[] names)
    {
        var set = new FieldSet();
        foreach (var name in names)
        {
            set.Add(PathElement.Field(name));
        }
        return set;
    }
}
