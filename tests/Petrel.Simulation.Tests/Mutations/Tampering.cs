using System.Text.Json.Nodes;
using Petrel.Model.Api;

namespace Petrel.Simulation.Tests.Mutations;

/// <summary>A link to the server that changes the messages that pass.</summary>
internal sealed class Tampering(IApiHandler inner) : IApiHandler
{
    /// <summary>Changes requests before they are sent.</summary>
    public Func<ApiRequest, ApiRequest> Request { get; init; } = static request => request;

    /// <summary>Changes the chunks of streamed answers; null leaves a chunk out.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?>? Chunk { get; init; }

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var response = await inner.HandleAsync(Request(request), cancellationToken);
        return Chunk is { } change && response.Stream is { } stream ? response with { Stream = ChangedAsync(stream, change) } : response;
    }

    /// <summary>
    /// The request with its JSON body changed, when it is one of the given method whose path holds <paramref name="part"/>.
    /// </summary>
    public static ApiRequest WithBody(ApiRequest request, string method, string part, Action<JsonObject> change)
    {
        if (request.Method != method || !request.Path.Contains(part, StringComparison.Ordinal) || request.Body.Length == 0)
        {
            return request;
        }
        var body = JsonNode.Parse(request.Body.Span)!.AsObject();
        change(body);
        return request with { Body = System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()) };
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ChangedAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> stream,
        Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> change
    )
    {
        await foreach (var chunk in stream)
        {
            if (change(chunk) is { } changed)
            {
                yield return changed;
            }
        }
    }
}
