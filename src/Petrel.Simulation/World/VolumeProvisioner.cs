using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Simulation.World;

/// <summary>
/// Makes a persistent volume for each claim of the class <see cref="Class"/> and binds both, as an external provisioner and the volume
/// controller together do (binding mode Immediate), and removes volumes whose claims are gone. The volume's name follows from the claim's
/// uid: it can't be made twice.
/// </summary>
public sealed class VolumeProvisioner : IReconciler, IDisposable
{
    /// <summary>The storage class whose claims it serves.</summary>
    public const string Class = "simulated";

    private readonly ApiClient _client;
    private readonly SharedCache<V1PersistentVolumeClaim> _claims;
    private readonly SharedCache<V1PersistentVolume> _volumes;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly ILogger _logger;

    private VolumeProvisioner(ProgramContext context)
    {
        _client = context.Client;
        _logger = context.Logs.CreateLogger(Name);
        _claims = new(context.Client, context.Time, context.Entropy, _logger);
        _volumes = new(context.Client, context.Time, context.Entropy, _logger);
        _queue = new(context.Time);
        _claims.OnChange(change => _queue.Add(new(change.Latest.Metadata.NamespaceProperty, change.Latest.Metadata.Name)));
        _volumes.OnChange(change =>
        {
            if (change.Latest.Spec.ClaimRef is { } claim)
            {
                _queue.Add(new(claim.NamespaceProperty, claim.Name));
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "volume-provisioner";

    public static async Task RunAsync(ProgramContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var provisioner = new VolumeProvisioner(context);
        await Loops.RunTogetherAsync(cancellationToken, provisioner._claims.RunAsync, provisioner._volumes.RunAsync, provisioner.WorkAsync);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var claim = _claims.Get(key);
        foreach (var (volumeKey, volume) in _volumes.Snapshot)
        {
            if (
                volume.Spec.ClaimRef is { } reference
                && new ObjectKey(reference.NamespaceProperty, reference.Name) == key
                && reference.Uid != claim?.Metadata.Uid
                && volume.Metadata.DeletionTimestamp is null
                // The cache may not have the claim yet.
                && (await _client.FindAsync<V1PersistentVolumeClaim>(key, cancellationToken))?.Metadata.Uid != reference.Uid
            )
            {
                await _client.DeleteAsync<V1PersistentVolume>(
                    volumeKey,
                    new() { Preconditions = new() { Uid = volume.Metadata.Uid } },
                    cancellationToken
                );
            }
        }
        if (claim is { Metadata.DeletionTimestamp: null } && claim.Spec.StorageClassName == Class && claim.Status?.Phase != "Bound")
        {
            await BindAsync(key, claim, cancellationToken);
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await _claims.WaitForRevisionAsync(1, cancellationToken);
        await _volumes.WaitForRevisionAsync(1, cancellationToken);
        await new ReconcilerHost(this, _queue, _logger).RunAsync(cancellationToken);
    }

    private async ValueTask BindAsync(ObjectKey key, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var name = $"pvc-{claim.Metadata.Uid}";
        var volume = await _client.FindAsync<V1PersistentVolume>(new("", name), cancellationToken)
            ?? await _client.CreateAsync(VolumeFor(claim, name), cancellationToken);
        if (claim.Spec.VolumeName != name)
        {
            await _client.PatchAsync<V1PersistentVolumeClaim>(
                key,
                new()
                {
                    ["metadata"] = new JsonObject { ["uid"] = claim.Metadata.Uid },
                    ["spec"] = new JsonObject { ["volumeName"] = name },
                },
                cancellationToken
            );
        }
        if (volume.Status?.Phase != "Bound")
        {
            await _client.PatchAsync<V1PersistentVolume>(new("", name), Phase(), cancellationToken, "status");
        }
        var bound = Phase();
        bound["metadata"] = new JsonObject { ["uid"] = claim.Metadata.Uid };
        bound["status"]!["accessModes"] = new JsonArray([.. claim.Spec.AccessModes.Select(m => (JsonNode)m)]);
        bound["status"]!["capacity"] = new JsonObject { ["storage"] = claim.Spec.Resources.Requests["storage"].ToString() };
        await _client.PatchAsync<V1PersistentVolumeClaim>(key, bound, cancellationToken, "status");
    }

    private static JsonObject Phase() => new() { ["status"] = new JsonObject { ["phase"] = "Bound" } };

    private static V1PersistentVolume VolumeFor(V1PersistentVolumeClaim claim, string name) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "PersistentVolume",
            Metadata = new() { Name = name },
            Spec = new()
            {
                AccessModes = claim.Spec.AccessModes,
                Capacity = claim.Spec.Resources.Requests,
                StorageClassName = Class,
                PersistentVolumeReclaimPolicy = "Delete",
                Csi = new() { Driver = "simulated.petrel.dev", VolumeHandle = name },
                ClaimRef = new()
                {
                    ApiVersion = "v1",
                    Kind = "PersistentVolumeClaim",
                    NamespaceProperty = claim.Metadata.NamespaceProperty,
                    Name = claim.Metadata.Name,
                    Uid = claim.Metadata.Uid,
                },
            },
        };
}
