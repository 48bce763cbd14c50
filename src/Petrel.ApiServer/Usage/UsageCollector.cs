using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Nodes;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Usage;

/// <summary>
/// Asks every node's agent what its containers use, and keeps the last two answers: a rate needs both (upstream: metrics-server). Nothing
/// is stored; after a restart there are no metrics until two answers are there again.
/// </summary>
internal sealed partial class UsageCollector(ServerParts parts)
{
    // Agents that don't answer must not hold up the others for longer than the next round.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    private const int AtOnce = 50;

    private volatile ImmutableSortedDictionary<string, NodeUsage> _nodes = ImmutableSortedDictionary.Create<string, NodeUsage>(
        StringComparer.Ordinal
    );

    /// <summary>By the node's name; only nodes that answered of late.</summary>
    public IReadOnlyDictionary<string, NodeUsage> Nodes => _nodes;

    /// <summary>Asks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await AskAllAsync(cancellationToken);
            await Task.Delay(parts.Options.UsageInterval, parts.Time, cancellationToken);
        }
    }

    private async Task AskAllAsync(CancellationToken cancellationToken)
    {
        var endpoints = new List<NodeEndpoint>();
        foreach (var node in parts.Caches.Of(NodeKind.Definition).Current.Objects)
        {
            using var document = node.Object!.Parse();
            if (NodeEndpoints.Of(node.Path, document.RootElement) is { Port: > 0, Address.Length: > 0 } endpoint)
            {
                endpoints.Add(endpoint);
            }
        }
        var answers = ImmutableSortedDictionary.CreateBuilder<string, NodeUsage>(StringComparer.Ordinal);
        foreach (var some in endpoints.Chunk(AtOnce))
        {
            foreach (var answer in await Task.WhenAll(some.Select(endpoint => AskAsync(endpoint, cancellationToken))))
            {
                if (answer is not null)
                {
                    answers[answer.Node] = answer;
                }
            }
        }
        _nodes = answers.ToImmutable();
    }

    private async Task<NodeUsage?> AskAsync(NodeEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerTime, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var before = _nodes.GetValueOrDefault(endpoint.Node);
        try
        {
            var answer = await parts.Nodes.SendAsync(endpoint, "/metrics/resource", [], either.Token);
            var text = await TextAsync(answer, either.Token);
            if (!answer.IsSuccess)
            {
                throw new IOException(text);
            }
            var reading = ResourceMetricsText.Read(text, parts.Time.GetUtcNow());
            return new(endpoint.Node, before?.Latest.At < reading.At ? before.Latest : before?.Earlier, reading);
        }
        catch (Exception e)
            when (!cancellationToken.IsCancellationRequested && e is IOException or FormatException or OperationCanceledException)
        {
            LogNoAnswer(parts.Log, endpoint.Node, e.Message);
            // One answer that is missing is no reason to know nothing.
            return before is not null && parts.Time.GetUtcNow() - before.Latest.At < 3 * parts.Options.UsageInterval ? before : null;
        }
    }

    private static async ValueTask<string> TextAsync(ApiResponse answer, CancellationToken cancellationToken)
    {
        if (answer.Stream is not { } stream)
        {
            return answer.BodyText;
        }
        var bytes = new List<byte>();
        await foreach (var chunk in stream.WithCancellation(cancellationToken))
        {
            bytes.AddRange(chunk.Span);
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    [LoggerMessage(EventId = 2040, Level = LogLevel.Debug, Message = "{Node} does not say what its containers use: {Reason}")]
    private static partial void LogNoAnswer(ILogger logger, string node, string reason);
}
