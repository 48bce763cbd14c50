using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Sources;
using Petrel.Agent.Volumes;
using Petrel.Agent.Volumes.Drivers;

namespace Petrel.Agent.Tests.Volumes;

public sealed class VolumeManagerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly AgentSettings Settings = new() { NodeName = "node", NodeAddress = "10.0.0.1" };
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Each_volume_is_made_by_the_driver_of_its_type_and_the_earliest_refresh_counts()
    {
        var secrets = new RecordingDriver("secret", v => v.Secret is not null, Noon.AddHours(2));
        var maps = new RecordingDriver("configMap", v => v.ConfigMap is not null, Noon.AddHours(1));
        var manager = new VolumeManager([new EmptyDirDriver(Settings, new SimulatedPodFiles()), secrets, maps]);

        var volumes = await manager.SetUpAsync(
            Pod(
                new() { Name = "cache", EmptyDir = new() },
                new() { Name = "keys", Secret = new() },
                new() { Name = "settings", ConfigMap = new() }
            ),
            None
        );

        Assert.Equal(
            [("cache", "/simulated/uid/cache"), ("keys", "/secret/keys"), ("settings", "/configMap/settings")],
            volumes.Volumes.Select(v => (v.Key, v.Value.HostPath)).Order()
        );
        Assert.Equal(Noon.AddHours(1), volumes.RefreshAt);
    }

    [Fact]
    public async Task A_volume_without_a_driver_is_refused_with_the_types_that_there_are()
    {
        var manager = new VolumeManager([
            new EmptyDirDriver(Settings, new SimulatedPodFiles()),
            new HostPathDriver(new SimulatedPodFiles()),
        ]);

        var refused = await Assert.ThrowsAsync<PodSourceException>(() =>
            manager.SetUpAsync(Pod(new V1Volume { Name = "share", Nfs = new() }), None).AsTask()
        );

        Assert.Equal("FailedMount", refused.Reason);
        Assert.Equal(
            "MountVolume.SetUp failed for volume \"share\" : this type of volume is not supported; supported are emptyDir and hostPath",
            refused.Message
        );
    }

    [Fact]
    public async Task Every_driver_tears_down_a_pod_that_is_known_by_its_uid_alone()
    {
        var (one, two) = (new RecordingDriver("secret", _ => false, null), new RecordingDriver("configMap", _ => false, null));

        await new VolumeManager([one, two]).TearDownAsync("uid", None);

        Assert.Equal(["uid"], one.TornDown);
        Assert.Equal(["uid"], two.TornDown);
    }

    private static V1Pod Pod(params V1Volume[] volumes) =>
        new()
        {
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "uid",
            },
            Spec = new() { Volumes = volumes },
        };

    private sealed class RecordingDriver(string type, Func<V1Volume, bool> canHandle, DateTimeOffset? refreshAt) : IVolumeDriver
    {
        public List<string> TornDown { get; } = [];

        public string Type => type;

        public bool CanHandle(V1Volume volume) => canHandle(volume);

        public ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken) =>
            new(new VolumeSetup($"/{type}/{volume.Name}", refreshAt));

        public ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken)
        {
            TornDown.Add(podUid);
            return default;
        }
    }
}
