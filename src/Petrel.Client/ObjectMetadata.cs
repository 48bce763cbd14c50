using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>An owner reference in the metadata of an object (meta/v1 OwnerReference).</summary>
public sealed record OwnerLink(
    string ApiVersion,
    string Kind,
    string Name,
    string Uid,
    bool? Controller = null,
    bool? BlockOwnerDeletion = null
)
{
    /// <summary>Whether foreground deletion of the owner waits for the object.</summary>
    public bool Blocks => BlockOwnerDeletion == true;

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["kind"] = Kind,
            ["name"] = Name,
            ["uid"] = Uid,
        };
        if (Controller is { } controller)
        {
            json["controller"] = controller;
        }
        if (BlockOwnerDeletion is { } blocks)
        {
            json["blockOwnerDeletion"] = blocks;
        }
        return json;
    }

    internal static OwnerLink From(JsonElement json) =>
        new(
            json.GetProperty("apiVersion").GetString()!,
            json.GetProperty("kind").GetString()!,
            json.GetProperty("name").GetString()!,
            json.GetProperty("uid").GetString()!,
            json.TryGetProperty("controller", out var controller) && controller.ValueKind != JsonValueKind.Null
                ? controller.GetBoolean()
                : null,
            json.TryGetProperty("blockOwnerDeletion", out var blocks) && blocks.ValueKind != JsonValueKind.Null ? blocks.GetBoolean() : null
        );
}

/// <summary>The part of an object's metadata that determines its lifecycle, for any kind.</summary>
public sealed record ObjectMetadata(
    ObjectKey Key,
    string Uid,
    string ResourceVersion,
    bool IsDeleting,
    ImmutableArray<string> Finalizers,
    ImmutableArray<OwnerLink> Owners
)
{
    public ulong Revision => ObjectExtensions.ParseRevision(ResourceVersion);

    /// <summary>Reads the metadata of a whole object or of a PartialObjectMetadata.</summary>
    public static ObjectMetadata From(JsonElement document)
    {
        var metadata = document.GetProperty("metadata");
        return new(
            new(Text(metadata, "namespace"), Text(metadata, "name")),
            Text(metadata, "uid"),
            Text(metadata, "resourceVersion"),
            Text(metadata, "deletionTimestamp").Length > 0,
            [.. Array(metadata, "finalizers").Select(f => f.GetString()!)],
            [.. Array(metadata, "ownerReferences").Select(OwnerLink.From)]
        );
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static IEnumerable<JsonElement> Array(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
}
