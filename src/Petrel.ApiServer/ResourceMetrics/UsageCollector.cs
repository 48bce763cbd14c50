using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.ResourceMetrics;

/// <summary>
/// Asks every node's agent what its containers use, and keeps the last two answers: a rate needs both (upstream: metrics-server). Nothing
/// is stored; after a restart there are no metrics until two rounds have been answered.
/// </summary>
internal sealed partial class UsageCollector(
    ApiServerOptions options,
    CacheHub caches,
    TimeProvider time,
    INodeConnector nodes,
    ILogger log
)
{
    // An agent that does not answer must not delay the next round.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    private const int AtOnce = 50;

    private volatile ImmutableSortedDictionary<string, NodeUsage> _nodes = ImmutableSortedDictionary.Create<string, NodeUsage>(
        StringComparer.Ordinal
    );

    /// <summary>By the node's name; only nodes that answered recently.</summary>
    public IReadOnlyDictionary<string, NodeUsage> Nodes => _nodes;

    /// <summary>What the nodes use; every node is in every namespace.</summary>
    public IEnumerable<Measurement> MeasureNodes(string namespaceName) =>
        from node in Nodes.Values
        where node.Whole is not null
        select new Measurement(
            node.Node,
            node.Latest.At,
            node.Window,
            new JsonObject { ["usage"] = Amounts(node.Whole!.Value.Cores, node.Whole.Value.Bytes) }
        );

    /// <summary>What the pods of a namespace use; those of all namespaces when it is empty.</summary>
    public IEnumerable<Measurement> MeasurePods(string namespaceName) =>
        from node in Nodes.Values
        from pod in node.Pods()
        where namespaceName.Length == 0 || pod.Namespace == namespaceName
        select new Measurement(
            $"{pod.Namespace}/{pod.Pod}",
            node.Latest.At,
            pod.Window,
            new JsonObject
            {
                ["containers"] = new JsonArray([
                    .. pod.Containers.Select(c => new JsonObject { ["name"] = c.Name, ["usage"] = Amounts(c.Cores, c.Bytes) }),
                ]),
            }
        );

    private static JsonObject Amounts(double cores, double bytes) =>
        new() { ["cpu"] = $"{(long)Math.Ceiling(cores * 1e9)}n", ["memory"] = $"{(long)bytes / 1024}Ki" };

    /// <summary>Collects until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await AskAllAsync(cancellationToken);
            await Task.Delay(options.UsageInterval, time, cancellationToken);
        }
    }

    private async Task AskAllAsync(CancellationToken cancellationToken)
    {
        var endpoints = new List<NodeEndpoint>();
        foreach (var node in caches.Of(NodeKind.Definition).Current.Objects)
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
        using var limit = new CancellationTokenSource(AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var before = _nodes.GetValueOrDefault(endpoint.Node);
        try
        {
            var answer = await nodes.SendAsync(endpoint, "/metrics/resource", [], either.Token);
            var text = await TextAsync(answer, either.Token);
            if (!answer.IsSuccess)
            {
                throw new IOException(text);
            }
            var reading = ResourceMetricsText.Read(text, time.GetUtcNow());
            return new(endpoint.Node, before?.Latest.At < reading.At ? before.Latest : before?.Earlier, reading);
        }
        catch (Exception e)
            when (!cancellationToken.IsCancellationRequested && e is IOException or FormatException or OperationCanceledException)
        {
            LogNoAnswer(log, endpoint.Node, e.Message);
            // Keep the earlier figures for a few rounds.
            return before is not null && time.GetUtcNow() - before.Latest.At < 3 * options.UsageInterval ? before : null;
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
