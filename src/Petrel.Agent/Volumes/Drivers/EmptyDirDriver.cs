using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Workloads;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>emptyDir</c>: a directory with the lifetime of the pod, on disk or in memory.</summary>
internal sealed class EmptyDirDriver(AgentSettings settings, IPodFiles files) : IVolumeDriver
{
    public string Type => "emptyDir";

    public bool CanHandle(V1Volume volume) => volume.EmptyDir is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var medium = volume.EmptyDir.Medium ?? "";
        if (medium is not ("" or "Memory"))
        {
            throw new IOException($"storage medium \"{medium}\" is not supported on this node; supported is Memory, or none for its disk");
        }
        var directory = new EmptyDirectory(
            medium == "Memory",
            medium == "Memory" ? MemorySize(pod, volume.EmptyDir) : null,
            pod.Spec.SecurityContext?.FsGroup
        );
        return new(await files.EnsureDirectoryAsync(pod.Metadata.Uid, volume.Name, directory, cancellationToken));
    }

    public ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken) => files.UnmountAsync(podUid, cancellationToken);

    // The volume's limit, if that is less than the pod or the node can use (as upstream).
    private long MemorySize(V1Pod pod, V1EmptyDirVolumeSource source)
    {
        var limits = pod.Spec.Containers.Select(c => ResourceList.From(c.Resources?.Limits).Memory).ToList();
        long[] sizes = [settings.Memory, limits.All(l => l > 0) ? limits.Sum() : 0, EmptyDirLimits.BytesOf(source)];
        return sizes.Where(s => s > 0).DefaultIfEmpty(1L << 30).Min();
    }
}
