using System.Buffers.Text;
using System.Text.Json;
using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Requests;

/// <summary>
/// Where a paged list goes on: at the revision of its first page, after an object. The same form as upstream's, which clients
/// treat as opaque. A list whose first revision is forgotten may go on inconsistently, at whatever revision is current.
/// </summary>
internal readonly record struct ContinueToken(long Revision, string AfterPath)
{
    private const string Version = "meta.k8s.io/v1";
    private const long AnyRevision = -1;

    /// <summary>Whether the list goes on with the newest objects rather than with those of its first page.</summary>
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
            // Not ours: said below.
        }
        throw StatusErrors.BadRequest("continue key is not valid: unrecognized encoded version");
    }
}
