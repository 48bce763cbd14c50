using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.Simulation.Tests.Scenarios;

/// <summary>
/// The mistake that everybody makes first: it counts only pods that are ready, as its cache happens to show them, and creates the
/// difference at once.
/// </summary>
internal sealed class NaiveReplicaSets : IReconciler, IDisposable
{
    private readonly ApiClient _client;
    private readonly SharedCache<V1ReplicaSet> _sets;
    private readonly SharedCache<V1Pod> _pods;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly ILogger _logger;

    public NaiveReplicaSets(ApiClient client, TimeProvider time, ILoggerFactory logs)
    {
        _client = client;
        _logger = logs.CreateLogger("naive");
        _sets = new(client, time, new SeededEntropy(1), _logger);
        _pods = new(client, time, new SeededEntropy(1), _logger);
        _queue = new(time);
        _sets.OnChange(change => _queue.Add(new("default", change.Latest.Metadata.Name)));
        _pods.OnChange(change =>
        {
            if (Owner(change.Latest) is { } owner)
            {
                _queue.Add(new("default", owner.Name));
            }
        });
    }

    public string Name => "naive-replicaset-controller";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await Task.WhenAll(_sets.RunAsync(cancellationToken), _pods.RunAsync(cancellationToken), WorkAsync(cancellationToken));
    }

    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_sets.Get(key) is not { } set)
        {
            return null;
        }
        var ready = _pods.Snapshot.Values.Count(p => Owner(p)?.Uid == set.Metadata.Uid && IsReady(p));
        for (var missing = (set.Spec.Replicas ?? 1) - ready; missing > 0; missing--)
        {
            await _client.CreateAsync(Pod(set), cancellationToken);
        }
        return null;
    }

    public void Dispose() => _queue.Dispose();

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await _sets.Synced;
        await _pods.Synced;
        await new ReconcilerHost(this, _queue, _logger).RunAsync(cancellationToken);
    }

    private static V1Pod Pod(V1ReplicaSet set) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                GenerateName = set.Metadata.Name + "-",
                NamespaceProperty = set.Metadata.NamespaceProperty,
                Labels = set.Spec.Template.Metadata.Labels,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "ReplicaSet",
                        Name = set.Metadata.Name,
                        Uid = set.Metadata.Uid,
                        Controller = true,
                        BlockOwnerDeletion = true,
                    },
                ],
            },
            Spec = set.Spec.Template.Spec,
        };

    private static V1OwnerReference? Owner(V1Pod pod) => pod.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true);

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;
}
