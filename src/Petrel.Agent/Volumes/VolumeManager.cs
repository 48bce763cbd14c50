using k8s.Models;
using Petrel.Agent.Sources;
using Petrel.Client;

namespace Petrel.Agent.Volumes;

/// <summary>The volumes of a pod after they are set up.</summary>
/// <param name="Volumes">The volumes, by name.</param>
/// <param name="RefreshAt">The earliest time at which a volume must be set up again; null for never.</param>
internal sealed record PodVolumes(IReadOnlyDictionary<string, VolumeSetup> Volumes, DateTimeOffset? RefreshAt);

/// <summary>Finds the driver for each volume of a pod (upstream: the kubelet's volume manager).</summary>
internal sealed class VolumeManager(IReadOnlyList<IVolumeDriver> drivers)
{
    /// <summary>Sets up all volumes of a pod.</summary>
    /// <exception cref="PodSourceException">A volume can't be set up; the reason is FailedMount.</exception>
    public async ValueTask<PodVolumes> SetUpAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var volumes = new Dictionary<string, VolumeSetup>(StringComparer.Ordinal);
        DateTimeOffset? refreshAt = null;
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            try
            {
                var setup = await DriverFor(volume).SetUpAsync(pod, volume, cancellationToken);
                volumes[volume.Name] = setup;
                refreshAt = setup.RefreshAt is { } at && !(refreshAt <= at) ? at : refreshAt;
            }
            catch (Exception e)
                when (e is IOException or UnauthorizedAccessException or ApiException or PodSourceException
                    || ApiFailures.IsTransient(e, cancellationToken)
                )
            {
                throw new PodSourceException("FailedMount", $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}");
            }
        }
        return new(volumes, refreshAt);
    }

    /// <summary>Tears down all volumes of a pod, even if only the pod's uid is known. Idempotent.</summary>
    public async ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken)
    {
        foreach (var driver in drivers)
        {
            await driver.TearDownAsync(podUid, cancellationToken);
        }
    }

    private IVolumeDriver DriverFor(V1Volume volume) =>
        drivers.FirstOrDefault(d => d.CanHandle(volume))
        ?? throw new IOException(
            "this type of volume is not supported; supported are "
                + $"{string.Join(", ", drivers.SkipLast(1).Select(d => d.Type))} and {drivers[^1].Type}"
        );
}
