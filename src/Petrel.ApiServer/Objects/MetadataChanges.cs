using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Objects;

/// <summary>Checks what an update may not change in metadata (upstream: ValidateObjectMetaUpdate).</summary>
internal static class MetadataChanges
{
    private static readonly string[] Immutable =
    [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];

    public static void Validate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        var metadata = document.Metadata();
        var before = old.Metadata();
        foreach (var name in Immutable)
        {
            if (!JsonNode.DeepEquals(metadata[name], before[name]))
            {
                errors.Invalid($"metadata.{name}", NodeFields.AsText(metadata[name]) ?? (object?)metadata[name], "field is immutable");
            }
        }
        if (!before.Has("deletionTimestamp"))
        {
            return;
        }
        var added = metadata.Texts("finalizers").Except(before.Texts("finalizers")).Select(f => $"\"{f}\"").ToArray();
        if (added.Length > 0)
        {
            errors.Forbidden(
                "metadata.finalizers",
                $"no new finalizers can be added if the object is being deleted, found new finalizers "
                    + $"[]string{{{string.Join(", ", added)}}}"
            );
        }
    }
}
