using System.Runtime.CompilerServices;
using Petrel.Model.Api;

namespace Petrel.Controllers.Tests;

/// <summary>
/// Intercepts requests between the controllers and the API server: loses chosen answers, and holds back the watch of a kind.
/// </summary>
internal sealed class ApiInterceptor(IApiHandler inner) : IApiHandler
{
    private string _heldPath = "";
    private TaskCompletionSource _release = new();

    /// <summary>Whether the answer to an executed request gets lost.</summary>
    public Func<ApiRequest, bool> Loses { get; set; } = _ => false;

    /// <summary>Whether a request gets lost before the server executes it.</summary>
    public Func<ApiRequest, bool> LosesRequest { get; set; } = _ => false;

    /// <summary>Holds back the events of this collection until <see cref="Release"/>.</summary>
    public void Hold(string path)
    {
        if (path != _heldPath)
        {
            (_heldPath, _release) = (path, new());
        }
    }

    public void Release()
    {
        _heldPath = "";
        _release.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (LosesRequest(request))
        {
            throw new IOException($"{request.Method} {request.Path}: the request was lost");
        }
        var response = await inner.HandleAsync(request, cancellationToken);
        if (Loses(request))
        {
            throw new IOException($"{request.Method} {request.Path}: the answer was lost");
        }
        return response.Stream is { } stream ? response with { Stream = HoldAsync(request.Path, stream, cancellationToken) } : response;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> HoldAsync(
        string path,
        IAsyncEnumerable<ReadOnlyMemory<byte>> stream,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await foreach (var chunk in stream.WithCancellation(cancellationToken))
        {
            while (path == _heldPath)
            {
                await _release.Task.WaitAsync(cancellationToken);
            }
            yield return chunk;
        }
    }
}
