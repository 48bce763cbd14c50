using k8s.Models;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>image</c>: the files of an image, read-only. It is pulled once for each pod.</summary>
internal sealed class ImageDriver(IContainerRuntime runtime, IPodFiles files) : IVolumeDriver
{
    private readonly Lock _lock = new();
    private readonly HashSet<(string Uid, string Volume)> _ready = [];

    public string Type => "image";

    public bool CanHandle(V1Volume volume) => volume.Image is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var key = (pod.Metadata.Uid, volume.Name);
        // Only the agent may write to the directory, and only the mount is seen by containers.
        var path = await files.EnsureDirectoryAsync(pod.Metadata.Uid, volume.Name, new(), cancellationToken);
        lock (_lock)
        {
            if (_ready.Contains(key))
            {
                return new(path, ReadOnly: true, NoExecute: true);
            }
        }
        try
        {
            await EnsureImageAsync(volume.Image, cancellationToken);
            await runtime.MountImageAsync(volume.Image.Reference, path, cancellationToken);
        }
        catch (RuntimeException e)
        {
            throw new IOException(e.Message, e);
        }
        lock (_lock)
        {
            _ready.Add(key);
        }
        return new(path, ReadOnly: true, NoExecute: true);
    }

    public ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _ready.RemoveWhere(k => k.Uid == podUid);
        }
        return files.UnmountAsync(podUid, cancellationToken);
    }

    private async ValueTask EnsureImageAsync(V1ImageVolumeSource source, CancellationToken cancellationToken)
    {
        var present = await runtime.FindImageAsync(source.Reference, cancellationToken);
        if (present is not null && source.PullPolicy != "Always")
        {
            return;
        }
        if (source.PullPolicy == "Never")
        {
            throw new IOException($"image \"{source.Reference}\" is not present with pull policy of Never");
        }
        await runtime.PullImageAsync(source.Reference, cancellationToken);
    }
}
