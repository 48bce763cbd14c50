using System.Buffers.Text;
using System.Text.Json;
using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Requests;

/// <summary>
/// Where a paginated list continues: at the revision of its first page, after an object. The format is upstream's, which clients treat
/// as opaque. When the revision is compacted, the list may continue inconsistently at the current revision.
/// </summary>
internal readonly record struct ContinueToken(long Revision, string AfterPath)
{
    private const string Version = "meta.k8s.io/v1";
    private const long AnyRevision = -1;

    /// <summary>Whether the list continues with the newest objects instead of those of its first page.</summary>
    public bool IsInconsistent => Revision == AnyRevision;

    /// <summary>The same place in a list of the newest objects.</summary>
    public ContinueToken Inconsistent => this with { Revision = AnyRevision };

    public override string ToString()
    {
        var document = new System.Text.Json.Nodes.JsonObject
        {
            ["v"] = Version,
            ["rv"] = Revision,
            ["start"] = AfterPath + "\0",
        };
        return Base64Url.EncodeToString(JsonBytes.Of(document).Span);
    }

    /// <exception cref="StatusException">It is not one of ours.</exception>
    public static ContinueToken Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(text));
            var token = document.RootElement;
            var revision = token.GetProperty("rv").GetInt64();
            var start = token.GetProperty("start").GetString();
            if (token.GetProperty("v").GetString() == Version && revision is > 0 or AnyRevision && !string.IsNullOrEmpty(start))
            {
                return new(revision, start.TrimEnd('\0'));
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Not a token of this server: refused below.
        }
        throw StatusErrors.BadRequest("continue key is not valid: unrecognized encoded version");
    }
}
