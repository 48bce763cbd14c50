using System.Text.Json.Nodes;

namespace Petrel.Model.Api;

/// <summary>The Status document (meta/v1) of a failed API request.</summary>
public static class StatusDocument
{
    /// <summary>A failure; <paramref name="reason"/> may be empty, <paramref name="details"/> null.</summary>
    public static JsonObject Failure(int code, string reason, string message, JsonObject? details = null, string continueToken = "")
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = continueToken.Length == 0 ? new JsonObject() : new JsonObject { ["continue"] = continueToken },
            ["status"] = "Failure",
            ["message"] = message,
        };
        if (reason.Length > 0)
        {
            status["reason"] = reason;
        }
        if (details is not null)
        {
            status["details"] = details.DeepClone();
        }
        status["code"] = code;
        return status;
    }
}
