using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>The kind of the object being written: its API version, and the other versions in which managers may have written it.</summary>
/// <param name="ApiVersion">The API version of the write.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Other">Looks up another version by its apiVersion; null when that version is no longer served. Without this function, all
/// versions have the schema and form of this one.</param>
public sealed record ApplyKind(string ApiVersion, SchemaType Schema, Func<string, ApplyVersion?>? Other = null)
{
    /// <summary>The version with this apiVersion; null when it is no longer served.</summary>
    public ApplyVersion? Version(string apiVersion) => apiVersion == ApiVersion || Other is null ? new(Schema) : Other(apiVersion);
}

/// <summary>One version of a kind, in which managers own fields.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="From">Converts a document from the version of the write to this version. It may modify its argument. Null when both
/// versions have the same form.</param>
/// <param name="To">Converts a document from this version to the version of the write. Null when both versions have the same form.</param>
public sealed record ApplyVersion(SchemaType Schema, Func<JsonObject, JsonObject>? From = null, Func<JsonObject, JsonObject>? To = null)
{
    /// <summary>Converts a document from the version of the write to this version, and leaves the original unchanged.</summary>
    public JsonObject Of(JsonObject document) => From is null ? document : From(document.DeepClone().AsObject());

    /// <summary>Converts a document from this version to the version of the write, and leaves the original unchanged.</summary>
    public JsonObject Back(JsonObject document) => To is null ? document : To(document.DeepClone().AsObject());
}
