using System.Security.Cryptography;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Discovery;

/// <summary>A document that changes rarely, with its hash, by which clients cache it.</summary>
internal sealed class CachedDocument(ReadOnlyMemory<byte> body, string contentType)
{
    /// <summary>The SHA-256 of the body in upper-case hexadecimal digits.</summary>
    public string Hash { get; } = Convert.ToHexString(SHA256.HashData(body.Span));

    /// <summary>The document, or 304 when the client has it already.</summary>
    public ApiResponse Answer(ApiRequest request, params IEnumerable<KeyValuePair<string, string>> headers)
    {
        var tag = $"\"{Hash}\"";
        KeyValuePair<string, string>[] all = [new("ETag", tag), .. headers];
        return request.IfNoneMatch.Split(',', StringSplitOptions.TrimEntries).Contains(tag)
            ? new ApiResponse
            {
                StatusCode = 304,
                ContentType = contentType,
                Headers = all,
            }
            : new ApiResponse
            {
                StatusCode = 200,
                ContentType = contentType,
                Headers = all,
                Body = body,
            };
    }
}
