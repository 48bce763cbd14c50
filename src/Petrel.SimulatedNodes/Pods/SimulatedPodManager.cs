using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.SimulatedNodes.Nodes;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>
/// Simulates the pods of all simulated nodes: one watch delivers them, and their lifecycles determine the status that is reported. A pod
/// is reconciled when its API object changes and when one of its own transitions is due.
/// </summary>
internal sealed class SimulatedPodManager : IFeedReader, IReconciler, IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly SimulatedNodesSettings _settings;
    private readonly ApiClient _client;
    private readonly TimeProvider _time;
    private readonly RandomSources _random;
    private readonly RetryStats _retries;
    private readonly Func<string, SimulatedNodeState?> _nodeOf;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly ObjectFeed _feed;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, Entry> _pods = [];
    private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SimulatedPodManager(
        SimulatedNodesSettings settings,
        ApiClient client,
        TimeProvider time,
        RandomSources random,
        RetryStats retries,
        Func<string, SimulatedNodeState?> nodeOf,
        ILogger logger
    )
    {
        (_settings, _client, _time, _random, _retries, _nodeOf, _logger) = (settings, client, time, random, retries, nodeOf, logger);
        _queue = new(time);
        _feed = new(client, TypedKind<V1Pod>.Path(""), "spec.nodeName!=", this, time, random.Of("the watch of pods"), logger);
    }

    /// <inheritdoc/>
    public string Name => "simulated-pods";

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var host = new ReconcilerHost(this, _queue, _logger, _settings.Workers);
        await Loops.RunTogetherAsync(cancellationToken, _feed.RunAsync, WorkAsync);

        async Task WorkAsync(CancellationToken stop)
        {
            // Wait for the first list. The addresses of running pods must be known before new pods get addresses.
            using (stop.Register(() => _listed.TrySetCanceled(stop)))
            {
                await _listed.Task;
            }
            await host.RunAsync(stop);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Counts the pods in each stage.</summary>
    public IReadOnlyDictionary<PodStage, int> Count()
    {
        lock (_gate)
        {
            return _pods.Values.GroupBy(e => e.Life?.Stage ?? PodStage.Starting).ToDictionary(g => g.Key, g => g.Count());
        }
    }

    /// <summary>Enqueues every pod of a node that has recovered from a failure.</summary>
    public void WakeAllOn(string node)
    {
        lock (_gate)
        {
            foreach (var (key, entry) in _pods)
            {
                if (entry.Facts.Node == node)
                {
                    _queue.Add(key);
                }
            }
        }
    }

    void IFeedReader.OnObject(JsonElement value)
    {
        if (_nodeOf(PodSnapshot.NodeOf(value)) is not { } node)
        {
            return;
        }
        var facts = PodSnapshot.Read(value);
        Entry? replaced = null;
        lock (_gate)
        {
            if (_pods.TryGetValue(facts.Key, out var known) && known.Facts.Uid == facts.Uid)
            {
                known.Facts = facts.WithoutHistory();
            }
            else
            {
                replaced = known;
                _pods[facts.Key] = known = new(facts);
                if (!facts.HasEnded && facts.Pod.Status.PodIP is { Length: > 0 } address && facts.Pod.Spec.HostNetwork != true)
                {
                    known.TakeAddress(node, address);
                }
            }
        }
        replaced?.GiveBackAddress();
        _queue.Add(facts.Key);
    }

    void IFeedReader.OnGone(ObjectKey key)
    {
        Entry? gone;
        lock (_gate)
        {
            _pods.Remove(key, out gone);
        }
        gone?.GiveBackAddress();
    }

    void IFeedReader.OnListed(IReadOnlySet<ObjectKey> keys, ulong revision)
    {
        List<ObjectKey> missing;
        lock (_gate)
        {
            missing = [.. _pods.Keys.Where(key => !keys.Contains(key))];
        }
        missing.ForEach(((IFeedReader)this).OnGone);
        _listed.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Find(key) is not { } entry || _nodeOf(entry.Facts.Node) is not { IsSilent: false } node)
        {
            // The pods of a silent node are reconciled when the node recovers.
            return null;
        }
        var now = _time.GetUtcNow();
        var facts = entry.Facts;
        var life = entry.Life ??= Begin(entry, node, now);
        life.Advance(facts, now);
        try
        {
            if (entry.Reported != life.Version || IsContradicted(entry, facts, life))
            {
                await ReportAsync(entry, facts, life, now, cancellationToken);
            }
            if (life.Stage == PodStage.Over)
            {
                entry.GiveBackAddress();
                if (facts.EndsWithin is not null)
                {
                    await EndAsync(facts, cancellationToken);
                }
            }
        }
        catch (Exception e) when (RetryStats.IsPassing(e, cancellationToken))
        {
            _retries.Note(e);
            return RetryDelay;
        }
        return life.Due - _time.GetUtcNow() is { } wait
            ? wait > TimeSpan.Zero
                ? wait
                : TimeSpan.Zero
            : null;
    }

    private Entry? Find(ObjectKey key)
    {
        lock (_gate)
        {
            return _pods.GetValueOrDefault(key);
        }
    }

    private PodLifecycle Begin(Entry entry, SimulatedNodeState node, DateTimeOffset now)
    {
        var facts = entry.Facts;
        var address = facts.Pod.Spec.HostNetwork == true ? node.Settings.NodeAddress : entry.TakeAddress(node, "");
        var life = new PodLifecycle(node.Settings, new(_settings, _random, facts), facts, address, now);
        if (facts.Pod.Status.StartTime is not null)
        {
            // An earlier simulator, or an earlier run of this one, has already reported this status.
            entry.Reported = life.Version;
        }
        facts.WithoutHistory();
        return life;
    }

    // Another client changed a status that only the node may report. For example, the node controller marks pods of a lost node not ready.
    private static bool IsContradicted(Entry entry, PodSnapshot facts, PodLifecycle life) =>
        facts.Revision >= entry.ReportedRevision && !facts.HasEnded && facts.SaysReady != (life.IsReady && facts.GatesAreOpen);

    private async ValueTask ReportAsync(
        Entry entry,
        PodSnapshot facts,
        PodLifecycle life,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var version = life.Version;
        var patch = new JsonObject
        {
            // The UID protects another pod of the same name. The resource version protects concurrent changes by other clients.
            ["metadata"] = new JsonObject { ["uid"] = facts.Uid, ["resourceVersion"] = $"{facts.Revision}" },
            ["status"] = life.Status(facts, now),
        };
        try
        {
            var response = await _client.SendAsync(
                "PATCH",
                TypedKind<V1Pod>.Path(facts.Key.Namespace, facts.Key.Name, "status"),
                [],
                Encoding.UTF8.GetBytes(patch.ToJsonString()),
                "application/merge-patch+json",
                cancellationToken,
                ResponseReader.MetadataOnly
            );
            entry.ReportedRevision = ResponseReader.RevisionOf(response.Body);
            entry.Reported = version;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // The watch delivers this deletion next.
        }
    }

    private async ValueTask EndAsync(PodSnapshot facts, CancellationToken cancellationToken) =>
        await _client.DeleteAsync<V1Pod>(
            facts.Key,
            new()
            {
                GracePeriodSeconds = 0,
                Preconditions = new() { Uid = facts.Uid },
            },
            cancellationToken
        );

    // The feed replaces the facts. All other state belongs to the worker that reconciles the pod; there is only one at a time.
    private sealed class Entry(PodSnapshot facts)
    {
        private SimulatedNodeState? _addressOf;
        private string _address = "";
        private volatile PodSnapshot _facts = facts;
        private volatile PodLifecycle? _life;

        public PodSnapshot Facts
        {
            get => _facts;
            set => _facts = value;
        }

        public PodLifecycle? Life
        {
            get => _life;
            set => _life = value;
        }

        public int Reported { get; set; }

        public ulong ReportedRevision { get; set; }

        /// <summary>The pod's address: its current one, else the requested one if it is free, else any free one.</summary>
        public string TakeAddress(SimulatedNodeState node, string wanted)
        {
            if (_addressOf is null)
            {
                _address = node.TakeAddress(wanted);
                _addressOf = node;
            }
            return _address;
        }

        public void GiveBackAddress() => Interlocked.Exchange(ref _addressOf, null)?.ReturnAddress(_address);
    }
}
