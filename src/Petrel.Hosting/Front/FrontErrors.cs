using System.Text.Encodings.Web;
using System.Text.Json;
using Petrel.Model.Api;

namespace Petrel.Hosting.Front;

/// <summary>Errors, with upstream's texts, for requests that the front rejects before they reach the handler.</summary>
internal static class FrontErrors
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ApiResponse Unauthorized() => Refuse(401, "Unauthorized", "Unauthorized");

    public static ApiResponse BadRequest(string message) => Refuse(400, "BadRequest", message);

    public static ApiResponse TooManyRequests(string message) =>
        Refuse(429, "TooManyRequests", message) with
        {
            Headers = [new("Retry-After", "1")],
        };

    public static ApiResponse RequestEntityTooLarge(long limit) =>
        Refuse(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    private static ApiResponse Refuse(int code, string reason, string message)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body, Json))
        {
            StatusDocument.Failure(code, reason, message).WriteTo(writer);
        }
        return new() { StatusCode = code, Body = body.ToArray() };
    }
}
