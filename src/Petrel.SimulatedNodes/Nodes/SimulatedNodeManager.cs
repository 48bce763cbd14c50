using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes.Nodes;

/// <summary>
/// Registers the simulated nodes, reports their status, spreads their lease renewals evenly over time, and simulates node failures. One
/// watch delivers the Node objects. A node whose Node object is deleted is no longer simulated.
/// </summary>
internal sealed class SimulatedNodeManager : IFeedReader, IReconciler, IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly SimulatedNodesSettings _settings;
    private readonly ApiClient _client;
    private readonly TimeProvider _time;
    private readonly RetryStats _retries;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly ObjectFeed _feed;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, SimulatedNodeState> _nodes = new(StringComparer.Ordinal);

    // The observed Node objects by name.
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);
    private CancellationTokenSource? _stop;
    private string _problem = "";

    public SimulatedNodeManager(
        SimulatedNodesSettings settings,
        ApiClient client,
        TimeProvider time,
        RandomSources random,
        RetryStats retries,
        ILogger logger
    )
    {
        (_settings, _client, _time, _retries, _logger) = (settings, client, time, retries, logger);
        _queue = new(time);
        _feed = new(client, TypedKind<V1Node>.Path(""), null, this, time, random.Of("the watch of nodes"), logger);
        var now = time.GetUtcNow();
        for (var index = 0; index < settings.Count; index++)
        {
            var node = new SimulatedNodeState(settings, index, random, now);
            _nodes[node.Name] = node;
        }
    }

    /// <summary>Called when a node recovers from a simulated failure.</summary>
    public Action<string>? Recovered { get; set; }

    /// <inheritdoc/>
    public string Name => "simulated-nodes";

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="SimulatedNodesException">A node that is not simulated has a name that the simulator needs.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var name in _nodes.Keys.ToArray())
        {
            _queue.Add(new("", name));
        }
        var host = new ReconcilerHost(this, _queue, _logger, _settings.Workers);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _stop = stopping;
        await Loops.RunTogetherAsync(stopping.Token, _feed.RunAsync, host.RunAsync);
        if (_problem.Length > 0)
        {
            throw new SimulatedNodesException(_problem);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Returns the simulated node with this name, or null.</summary>
    public SimulatedNodeState? Find(string name)
    {
        lock (_gate)
        {
            return _nodes.GetValueOrDefault(name);
        }
    }

    /// <summary>Counts all simulated nodes, and those that are registered, Ready in the API, and silent.</summary>
    public (int All, int Registered, int Ready, int Silent) Count()
    {
        lock (_gate)
        {
            return (
                _nodes.Count,
                _nodes.Values.Count(n => n.IsRegistered),
                _seen.Count(s => s.Value.IsReady && _nodes.ContainsKey(s.Key)),
                _nodes.Values.Count(n => n.IsSilent)
            );
        }
    }

    /// <summary>Deletes the registered nodes, several at a time. The garbage collector deletes their leases.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        List<SimulatedNodeState> registered;
        lock (_gate)
        {
            registered = [.. _nodes.Values.Where(n => n.IsRegistered)];
        }
        var next = registered.GetEnumerator();
        await Task.WhenAll(
            Enumerable
                .Range(0, _settings.Workers)
                .Select(async _ =>
                {
                    while (Next() is { } node)
                    {
                        await _client.DeleteAsync<V1Node>(
                            new("", node.Name),
                            new() { Preconditions = new() { Uid = node.Uid } },
                            cancellationToken
                        );
                    }
                })
        );

        SimulatedNodeState? Next()
        {
            lock (_gate)
            {
                return next.MoveNext() ? next.Current : null;
            }
        }
    }

    void IFeedReader.OnObject(JsonElement value)
    {
        var name = value.GetProperty("metadata").GetProperty("name").GetString()!;
        lock (_gate)
        {
            if (!_nodes.ContainsKey(name))
            {
                return;
            }
            var ready =
                value.TryGetProperty("status", out var status)
                && status.TryGetProperty("conditions", out var conditions)
                && conditions
                    .EnumerateArray()
                    .Any(c => c.GetProperty("type").ValueEquals("Ready") && c.GetProperty("status").ValueEquals("True"));
            _seen[name] = new(ResponseReader.UidOf(value), ResponseReader.RevisionOf(value), ready);
        }
        _queue.Add(new("", name));
    }

    void IFeedReader.OnGone(ObjectKey key)
    {
        lock (_gate)
        {
            if (_seen.Remove(key.Name, out var seen) && _nodes.TryGetValue(key.Name, out var node) && node.Uid == seen.Uid)
            {
                _nodes.Remove(key.Name);
            }
        }
    }

    void IFeedReader.OnListed(IReadOnlySet<ObjectKey> keys, ulong revision)
    {
        List<ObjectKey> missing;
        lock (_gate)
        {
            missing = [.. _seen.Keys.Select(name => new ObjectKey("", name)).Where(key => !keys.Contains(key))];
        }
        missing.ForEach(((IFeedReader)this).OnGone);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Find(key.Name) is not { } node)
        {
            return null;
        }
        var now = _time.GetUtcNow();
        if (node.Advance(now))
        {
            node.StatusDue = node.LeaseDue = node.ReadySince = now;
            Recovered?.Invoke(node.Name);
        }
        if (node.IsSilent)
        {
            return node.TurnsAt - now;
        }
        try
        {
            return await SpeakAsync(node, now, cancellationToken) ? Wait(node) : null;
        }
        catch (Exception e) when (RetryStats.IsPassing(e, cancellationToken))
        {
            _retries.Note(e);
            return RetryDelay;
        }
    }

    // Registers the node, reports its status and renews its lease when they are due. False when the node is not the simulator's own.
    private async ValueTask<bool> SpeakAsync(SimulatedNodeState node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!node.IsRegistered)
        {
            if (!await RegisterAsync(node, cancellationToken))
            {
                return false;
            }
            node.ReadySince = node.StatusDue = node.LeaseDue = now;
        }
        if (now >= node.StatusDue || IsDoubted(node))
        {
            var status = new JsonObject { ["status"] = NodeDocuments.Status(node, now) };
            var answer = await PatchAsync(TypedKind<V1Node>.Path("", node.Name, "status"), status.ToJsonString(), cancellationToken);
            node.StatusRevision = ResponseReader.RevisionOf(answer);
            node.StatusDue = now + _settings.NodeStatusInterval;
        }
        if (now >= node.LeaseDue)
        {
            var isFirst = !node.HasLease;
            await RenewAsync(node, now, cancellationToken);
            node.LeaseDue = now + (isFirst ? node.FirstRenewal : _settings.LeaseRenewInterval);
        }
        return true;
    }

    private TimeSpan Wait(SimulatedNodeState node)
    {
        var next = node.StatusDue < node.LeaseDue ? node.StatusDue : node.LeaseDue;
        next = node.TurnsAt < next ? node.TurnsAt.Value : next;
        var wait = next - _time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    // True when the Node object became NotReady after the node's last status report.
    private bool IsDoubted(SimulatedNodeState node)
    {
        lock (_gate)
        {
            return _seen.TryGetValue(node.Name, out var seen)
                && seen.Uid == node.Uid
                && seen.Revision > node.StatusRevision
                && !seen.IsReady;
        }
    }

    private async ValueTask<bool> RegisterAsync(SimulatedNodeState node, CancellationToken cancellationToken)
    {
        try
        {
            var body = Encoding.UTF8.GetBytes(NodeDocuments.Node(node, _settings).ToJsonString());
            var created = await _client.SendAsync("POST", TypedKind<V1Node>.Path(""), [], body, "application/json", cancellationToken);
            using var document = DeepJson.Document(created.Body);
            node.Uid = ResponseReader.UidOf(document.RootElement);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // The Node is from an earlier run, or from this run when the response to the create request was lost.
        }
        var found = await _client.GetAsync<V1Node>(new("", node.Name), cancellationToken);
        if (found.Metadata.Labels?.ContainsKey(NodeDocuments.SimulatedLabel) != true)
        {
            _problem = $"There is a node '{node.Name}' that is not simulated: choose another prefix.";
            _stop?.Cancel();
            return false;
        }
        node.Uid = found.Metadata.Uid;
        return true;
    }

    private async ValueTask RenewAsync(SimulatedNodeState node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (node.HasLease)
        {
            try
            {
                await PatchAsync(
                    TypedKind<V1Lease>.Path(NodeDocuments.LeaseNamespace, node.Name),
                    NodeDocuments.Renewal(node, now),
                    cancellationToken
                );
                return;
            }
            catch (ApiException e) when (e.IsNotFound)
            {
                node.HasLease = false;
            }
        }
        try
        {
            var body = Encoding.UTF8.GetBytes(NodeDocuments.Lease(node, now).ToJsonString());
            await _client.SendAsync(
                "POST",
                TypedKind<V1Lease>.Path(NodeDocuments.LeaseNamespace),
                [],
                body,
                "application/json",
                cancellationToken,
                ResponseReader.MetadataOnly
            );
            node.HasLease = true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            node.HasLease = true;
            await PatchAsync(
                TypedKind<V1Lease>.Path(NodeDocuments.LeaseNamespace, node.Name),
                NodeDocuments.Renewal(node, now),
                cancellationToken
            );
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> PatchAsync(string path, string patch, CancellationToken cancellationToken) =>
        (
            await _client.SendAsync(
                "PATCH",
                path,
                [],
                Encoding.UTF8.GetBytes(patch),
                "application/merge-patch+json",
                cancellationToken,
                ResponseReader.MetadataOnly
            )
        ).Body;

    private readonly record struct Seen(string Uid, ulong Revision, bool IsReady);
}
