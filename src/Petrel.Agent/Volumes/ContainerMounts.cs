using k8s.Models;
using Petrel.Agent.EnvironmentVariables;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;

namespace Petrel.Agent.Volumes;

/// <summary>The mounts of a container: its <c>volumeMounts</c> with the host paths of the pod's volumes.</summary>
internal static class ContainerMounts
{
    /// <summary>
    /// Prepares a container's mounts. A <c>subPath</c> is pinned, so that a link in the volume can't lead elsewhere later.
    /// </summary>
    /// <exception cref="PodSourceException">A mount is not allowed. The reason is <c>CreateContainerConfigError</c>.</exception>
    public static async ValueTask<IReadOnlyList<Mount>> CreateAsync(
        IPodFiles files,
        V1Pod pod,
        V1Container container,
        IReadOnlyList<KeyValuePair<string, string>> environment,
        PodVolumes volumes,
        CancellationToken cancellationToken
    )
    {
        var mounts = new List<Mount>();
        foreach (var (index, mount) in (container.VolumeMounts ?? []).Index())
        {
            if (!volumes.Volumes.TryGetValue(mount.Name, out var volume))
            {
                throw Refused($"cannot find volume \"{mount.Name}\" to mount into container \"{container.Name}\"");
            }
            var path = volume.HostPath;
            if (SubPathOf(mount, environment) is { Length: > 0 } subPath)
            {
                try
                {
                    path = await files.PinSubPathAsync(
                        pod.Metadata.Uid,
                        new(mount.Name, volume.HostPath, container.Name, index, subPath),
                        cancellationToken
                    );
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The cause may tell about the node's files, so the user does not see it (as upstream).
                    throw Refused($"failed to prepare subPath for volumeMount \"{mount.Name}\" of container \"{container.Name}\"");
                }
            }
            mounts.Add(
                new(
                    path,
                    mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath,
                    volume.ReadOnly || mount.ReadOnlyProperty == true
                )
                {
                    Propagation = Enum.TryParse<MountPropagation>(mount.MountPropagation, out var propagation) ? propagation : default,
                    RecursiveReadOnly = mount.RecursiveReadOnly is "Enabled" or "IfPossible",
                    NoExecute = volume.NoExecute,
                }
            );
        }
        return mounts;
    }

    private static string? SubPathOf(V1VolumeMount mount, IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        var subPath = mount.SubPathExpr is { Length: > 0 } expression ? Expand(expression, environment) : mount.SubPath;
        if (string.IsNullOrEmpty(subPath))
        {
            return null;
        }
        if (subPath.StartsWith('/'))
        {
            throw Refused($"error SubPath `{subPath}` must not be an absolute path");
        }
        return VolumeFilePath.HasBackSteps(subPath)
            ? throw Refused($"unable to provision SubPath `{subPath}`: must not contain '..'")
            : subPath;
    }

    private static string Expand(string expression, IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var expanded = VariableExpansion.Expand(expression, name =>
        {
            var value = variables.GetValueOrDefault(name, "");
            if (value.Length == 0)
            {
                missing.Add(name);
            }
            return value;
        });
        return missing.Count == 0 ? expanded : throw Refused($"missing value for {string.Join(", ", missing)}");
    }

    private static PodSourceException Refused(string message) => new(PodSourceException.ContainerConfig, message);
}
