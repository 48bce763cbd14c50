using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Schema;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1 VolumeAttachment: a request to attach a volume to a node.</summary>
internal static class VolumeAttachmentKind
{
    private const int MaxMessage = 1024;
    private const int MaxMetadataBytes = 256 * 1024;

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(StorageRules.Group, "v1", "VolumeAttachment", "volumeattachments", namespaced: false) with
        {
            HasStatus = true,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["attached"] = false },
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Attacher", "What attaches the volume.", static o => o.Text("spec", "attacher")),
                Shown("PV", "The volume.", static o => o.Text("spec", "source", "persistentVolumeName")),
                Shown("Node", "The node that it is attached to.", static o => o.Text("spec", "nodeName")),
                Shown("Attached", "Whether it is.", static o => o.Flag("status", "attached"), "boolean"),
                Age,
            ],
        };

    private static SchemaType SpecType => Definition.Schema.Field("spec")!.Type!;

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.Text("attacher").Length == 0)
        {
            errors.Required("spec.attacher");
        }
        Source(spec.Child("source"), "spec.source", errors);
        if (NameSyntax.SubdomainProblem(spec.Text("nodeName")) is { } problem)
        {
            errors.Invalid("spec.nodeName", spec.Text("nodeName"), problem);
        }
        Status(value.Child("status"), errors);
        if (old is null)
        {
            StorageRules.DriverName(spec.Text("attacher"), "spec.attacher", errors);
            if (
                spec.Child("source").Has("persistentVolumeName")
                && spec.Child("source").Text("persistentVolumeName") is var volume
                && NameSyntax.SubdomainProblem(volume) is { } volumeProblem
            )
            {
                errors.Invalid("spec.source.persistentVolumeName", volume, volumeProblem);
            }
        }
        else if (!SemanticEquality.Equal(spec, old.Child("spec") ?? [], SpecType))
        {
            errors.Invalid("spec", spec, "field is immutable");
        }
    }

    private static void Source(JsonObject? source, string path, FieldErrors errors)
    {
        var (named, inline) = (source.Has("persistentVolumeName"), source.Child("inlineVolumeSpec"));
        if (!named && inline is null)
        {
            errors.Required(path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        else if (named && inline is not null)
        {
            errors.Forbidden(path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        else if (inline is not null)
        {
            PersistentVolumeKind.InlineSpec(inline, $"{path}.inlineVolumeSpec", errors);
        }
        else if (source.Text("persistentVolumeName").Length == 0)
        {
            errors.Required($"{path}.persistentVolumeName", "must specify non empty persistentVolumeName");
        }
    }

    private static void Status(JsonObject? status, FieldErrors errors)
    {
        if (
            status.Map("attachmentMetadata").Sum(m => Encoding.UTF8.GetByteCount(m.Key) + Encoding.UTF8.GetByteCount(m.Value))
            > MaxMetadataBytes
        )
        {
            errors.TooLong("status.attachmentMetadata", MaxMetadataBytes);
        }
        foreach (var name in (ReadOnlySpan<string>)["attachError", "detachError"])
        {
            var error = status.Child(name);
            if (Encoding.UTF8.GetByteCount(error.Text("message")) > MaxMessage)
            {
                // Upstream's message names the limit of another field.
                errors.TooLong($"status.{name}.message", MaxMetadataBytes);
            }
            if (error.Number("errorCode") is < 0 and var code)
            {
                errors.Invalid($"status.{name}.errorCode", code, "must be between 0 and 2147483647, inclusive");
            }
        }
    }
}
