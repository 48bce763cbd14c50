using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Verbs;

/// <summary>Which part of an object a write may change; the rest keeps its stored value.</summary>
internal sealed class UpdateScope
{
    // What clients write of metadata.
    private static readonly string[] Written = ["annotations", "labels", "finalizers", "ownerReferences"];

    private readonly Func<KindDefinition, JsonObject, JsonObject, JsonObject> _restrict;

    private UpdateScope(Func<KindDefinition, JsonObject, JsonObject, JsonObject> restrict) => _restrict = restrict;

    /// <summary>Everything but the status of kinds whose status is a subresource.</summary>
    public static UpdateScope Object { get; } =
        new(
            static (kind, changed, old) =>
            {
                if (kind.HasStatus)
                {
                    changed.CopyFrom(old, "status");
                }
                return changed;
            }
        );

    /// <summary>
    /// Only the status and the annotations. Upstream's status strategies keep spec and labels but let annotations through: controllers
    /// note their progress in them.
    /// </summary>
    public static UpdateScope Status { get; } =
        new(
            static (kind, changed, old) =>
            {
                var result = old.DeepClone().AsObject();
                result.MoveFrom(changed, "status");
                CopyMetadata(result, changed, kind.StatusWritesMetadata ? Written : ["annotations"]);
                return result;
            }
        );

    /// <summary>Anything, unchecked: the server's own changes, such as a binding.</summary>
    public static UpdateScope Server { get; } = new(static (_, changed, _) => changed);

    /// <summary>
    /// The scope of a subresource that writes one part: copies or moves it from the changed document into a copy of the stored one.
    /// </summary>
    public static UpdateScope Part(Action<JsonObject, JsonObject> copy) =>
        new(
            (_, changed, old) =>
            {
                var result = old.DeepClone().AsObject();
                copy(result, changed);
                return result;
            }
        );

    /// <summary>Copies what clients may write of metadata.</summary>
    public static void CopyMetadata(JsonObject result, JsonObject changed) => CopyMetadata(result, changed, Written);

    private static void CopyMetadata(JsonObject result, JsonObject changed, string[] fields)
    {
        if (changed["metadata"] is JsonObject metadata)
        {
            foreach (var field in fields)
            {
                result.Metadata().CopyFrom(metadata, field);
            }
        }
    }

    /// <summary>The stored document with those changes that the scope allows. The changed document is not usable afterwards.</summary>
    public JsonObject Restrict(KindDefinition kind, JsonObject changed, JsonObject old) => _restrict(kind, changed, old);
}
