using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Responses;

/// <summary>Answers that are one object, in the form that the client asked for, or a Status.</summary>
internal static class ObjectResponses
{
    public static ApiResponse Object(
        ResourceRequest request,
        WireObject value,
        DateTimeOffset now,
        int statusCode = 200,
        IReadOnlyList<string>? warnings = null
    ) =>
        new()
        {
            StatusCode = statusCode,
            Headers = Warnings(warnings),
            Body = request.Format switch
            {
                ResponseFormat.Metadata => MetadataForm.Of(value),
                ResponseFormat.Table => TableForm.Of(request, value, now),
                _ => value.ToArray(),
            },
        };

    /// <summary>Status Success, with what was done to which object.</summary>
    public static ApiResponse Success(KindDefinition kind, string name, string uid, int statusCode = 200)
    {
        var details = new JsonObject { ["name"] = name };
        if (kind.Gvk.Group.Length > 0)
        {
            details["group"] = kind.Gvk.Group;
        }
        details["kind"] = kind.Plural;
        if (uid.Length > 0)
        {
            details["uid"] = uid;
        }
        return Success(statusCode, details);
    }

    public static ApiResponse Success(int statusCode, JsonObject? details = null)
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
        };
        if (details is not null)
        {
            status["details"] = details;
        }
        if (statusCode != 200)
        {
            status["code"] = statusCode;
        }
        return new ApiResponse { StatusCode = statusCode, Body = JsonBytes.Of(status) };
    }

    public static ApiResponse Text(int statusCode, string text) =>
        new()
        {
            StatusCode = statusCode,
            ContentType = "text/plain; charset=utf-8",
            Body = System.Text.Encoding.UTF8.GetBytes(text),
        };

    public static KeyValuePair<string, string>[] Warnings(IReadOnlyList<string>? warnings) => WarningHeaders.Of(warnings ?? []);
}
