using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>The kind that is written: its version, and the other ones that managers may have written in.</summary>
/// <param name="ApiVersion">The version that is written.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Other">Another version by its apiVersion; null when it is no longer served. Without it, all versions are as this
/// one.</param>
public sealed record ApplyKind(string ApiVersion, SchemaType Schema, Func<string, ApplyVersion?>? Other = null)
{
    /// <summary>The version called so; null when it is no longer served.</summary>
    public ApplyVersion? Version(string apiVersion) => apiVersion == ApiVersion || Other is null ? new(Schema) : Other(apiVersion);
}

/// <summary>One version of a kind, as fields are owned in it.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="From">A document of the version that is written, in this one; it may change its argument. Null when both have the same
/// form.</param>
/// <param name="To">The way back.</param>
public sealed record ApplyVersion(SchemaType Schema, Func<JsonObject, JsonObject>? From = null, Func<JsonObject, JsonObject>? To = null)
{
    /// <summary>A document of the version that is written, in this one.</summary>
    public JsonObject Of(JsonObject document) => From is null ? document : From(document.DeepClone().AsObject());

    /// <summary>A document of this version, in the one that is written.</summary>
    public JsonObject Back(JsonObject document) => To is null ? document : To(document.DeepClone().AsObject());
}
