using System.Text.Json.Nodes;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Errors;

/// <summary>A refusal, as a Kubernetes Status (meta/v1). Thrown by any stage or handler; the request pipeline answers with it.</summary>
public sealed class StatusException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;

    /// <summary>Machine-readable, for example <c>NotFound</c>.</summary>
    public string Reason { get; } = reason;

    /// <summary>Name, group, kind, uid, causes and retryAfterSeconds, where they are known.</summary>
    public JsonObject? Details { get; } = details;

    /// <summary>
    /// How an expired list can go on all the same, in <c>metadata.continue</c>; empty where there is nothing to go on with.
    /// </summary>
    public string Continue { get; init; } = "";

    /// <summary>What to warn the client about besides.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>This refusal, with the warnings that came before it.</summary>
    public StatusException With(IReadOnlyList<string> warnings)
    {
        Warnings = warnings;
        return this;
    }

    /// <summary>The Status document.</summary>
    public JsonObject ToStatus() => StatusDocument.Failure(Code, Reason, Message, Details, Continue);

    public ApiResponse ToResponse()
    {
        var retryAfter = Details?["retryAfterSeconds"]?.GetValue<int>();
        return new ApiResponse
        {
            StatusCode = Code,
            Body = JsonBytes.Of(ToStatus()),
            Headers =
            [
                .. retryAfter is { } seconds ? [new("Retry-After", seconds.ToString())] : (KeyValuePair<string, string>[])[],
                .. WarningHeaders.Of(Warnings),
            ],
        };
    }
}
