using System.Text;

namespace Petrel.Model.Api;

/// <summary>
/// One request to the Kubernetes API, independent of its transport: Kestrel, an in-process call, or the simulated network.
/// </summary>
public sealed record ApiRequest
{
    /// <summary>HTTP method in upper case.</summary>
    public required string Method { get; init; }

    /// <summary>Decoded absolute path without the query, for example <c>/api/v1/namespaces/default/pods</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Decoded query parameters, in order; a name may repeat.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Query { get; init; } = [];

    /// <summary>The Accept header as sent, or empty.</summary>
    public string Accept { get; init; } = "";

    /// <summary>The Content-Type header as sent, or empty.</summary>
    public string ContentType { get; init; } = "";

    public string UserAgent { get; init; } = "";

    public string IfNoneMatch { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// The Authorization header as sent, or empty. The API server reads it when the transport has not authenticated the user. It is never
    /// forwarded.
    /// </summary>
    public string Authorization { get; init; } = "";

    /// <summary>The user to impersonate (the <c>Impersonate-</c> headers), or null.</summary>
    public Impersonation? Impersonation { get; init; }

    /// <summary>
    /// The authenticated user. Transports set it from client certificates, the API server sets it from tokens. No other code may set it.
    /// </summary>
    public UserInfo User { get; init; } = UserInfo.Anonymous;

    /// <summary>The first value of a query parameter, or null.</summary>
    public string? QueryValue(string name)
    {
        foreach (var (key, value) in Query)
        {
            if (key == name)
            {
                return value;
            }
        }
        return null;
    }
}

/// <summary>The response to an <see cref="ApiRequest"/>: either a whole body, or a stream of chunks (watch, followed logs).</summary>
public sealed record ApiResponse
{
    public required int StatusCode { get; init; }
    public string ContentType { get; init; } = "application/json";
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body. If there is <see cref="Content"/>, it is made from it when somebody asks.</summary>
    public ReadOnlyMemory<byte> Body
    {
        get => field.IsEmpty && Content is { } content ? field = Whole(content) : field;
        init;
    }

    /// <summary>If not null, the body is made from this while it is sent.</summary>
    public IApiContent? Content { get; init; }

    /// <summary>
    /// If not null, the body is this sequence of chunks. For a watch, each chunk is one or more whole lines, and each line is one JSON
    /// watch event. Enumerate it once, and dispose of the enumerator when done: that ends the request.
    /// </summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? Stream { get; init; }

    public bool IsSuccess => StatusCode is >= 200 and < 300;

    /// <summary>The body as text, for messages and tests.</summary>
    public string BodyText => Encoding.UTF8.GetString(Body.Span);

    private static byte[] Whole(IApiContent content)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)content.Length));
        var at = 0;
        foreach (var part in content.Parts)
        {
            at += part.CopyTo(bytes.AsSpan(at));
        }
        return bytes;
    }
}

/// <summary>
/// Handles API requests. Implemented by the API server itself, by the HTTP client, and by the simulator's lossy link in front of either.
/// API failures are responses with a Status body. An exception means that the transport failed (for example <see cref="IOException"/>) and
/// that the outcome is unknown.
/// </summary>
public interface IApiHandler
{
    ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken);
}
