using Petrel.Agent.Nodes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;
using Petrel.Client;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary>The volume types that the agent supports. To add a type, write a driver and add a row here.</summary>
internal static class BuiltInVolumeDrivers
{
    public static IReadOnlyList<IVolumeDriver> Create(
        AgentSettings settings,
        ApiClient client,
        ConfigObjects objects,
        IContainerRuntime runtime,
        IPodFiles files,
        IPersistentVolumes persistentVolumes,
        TimeProvider time
    ) =>
        [
            new EmptyDirDriver(settings, files),
            new HostPathDriver(files),
            new ImageDriver(runtime, files),
            new ConfigMapDriver(objects, files),
            new SecretDriver(objects, files),
            new DownwardApiDriver(settings, files),
            new PersistentVolumeClaimDriver(client, persistentVolumes),
            new ProjectedDriver(settings, objects, new ServiceAccountTokenManager(client, time), files),
        ];
}
