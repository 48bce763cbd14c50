using System.Runtime.CompilerServices;
using Petrel.Model.Api;

namespace Petrel.Client.Tests;

/// <summary>The way to an API server, which can be cut: requests fail then, and streams that are open end with an error.</summary>
internal sealed class Link(IApiHandler api) : IApiHandler, IDisposable
{
    private CancellationTokenSource _cut = new();

    /// <summary>Requests seen, as <c>METHOD path</c>; watches are <c>WATCH path</c>.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>What requests fail with while it is down.</summary>
    public Exception Failure { get; set; } = new IOException("The link is down.");

    public bool IsDown { get; private set; }

    public void Cut()
    {
        IsDown = true;
        _cut.Cancel();
    }

    public void Mend()
    {
        IsDown = false;
        _cut = new();
    }

    public void Dispose() => _cut.Dispose();

    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        Requests.Add($"{(request.QueryValue("watch") is null ? request.Method : "WATCH")} {request.Path}");
        if (IsDown)
        {
            throw Failure;
        }
        var cut = _cut;
        var response = await api.HandleAsync(request, cancellationToken);
        return response.Stream is { } stream ? response with { Stream = UntilCutAsync(stream, cut, cancellationToken) } : response;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> UntilCutAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> stream,
        CancellationTokenSource cut,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cut.Token, cancellationToken);
        await using var chunks = stream.GetAsyncEnumerator(either.Token);
        while (true)
        {
            bool more;
            try
            {
                more = await chunks.MoveNextAsync();
            }
            catch (OperationCanceledException) when (cut.IsCancellationRequested)
            {
                throw new IOException("The link went down.");
            }
            if (!more)
            {
                if (cut.IsCancellationRequested)
                {
                    throw new IOException("The link went down.");
                }
                yield break;
            }
            yield return chunks.Current;
        }
    }
}
