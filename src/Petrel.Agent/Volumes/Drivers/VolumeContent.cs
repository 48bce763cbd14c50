using System.Text;
using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Sources;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary>Builds the files of volumes from API objects. Pure functions.</summary>
internal static class VolumeContent
{
    /// <summary>The mode of files when the API object specifies none: 0644.</summary>
    public const int DefaultMode = 0b110_100_100;

    /// <summary>The entries of a ConfigMap or Secret: all of them, or those that <paramref name="items"/> selects.</summary>
    /// <param name="data">The entries; null for an optional object that does not exist.</param>
    /// <param name="items">The selected entries and their paths. Null or empty selects all entries.</param>
    /// <param name="mode">Permission bits of the files.</param>
    /// <param name="source">The name of the object in error messages.</param>
    /// <exception cref="IOException">An item names an entry that does not exist.</exception>
    public static IEnumerable<VolumeFile> OfEntries(
        IReadOnlyDictionary<string, byte[]>? data,
        IList<V1KeyToPath>? items,
        int mode,
        string source
    )
    {
        if (data is null)
        {
            return [];
        }
        return items is null or { Count: 0 }
            ? data.Select(d => new VolumeFile(d.Key, d.Value, mode))
            : items.Select(item =>
                data.TryGetValue(item.Key, out var value)
                    ? new VolumeFile(item.Path, value, item.Mode ?? mode)
                    : throw new IOException($"{source} references non-existent config key: {item.Key}")
            );
    }

    /// <summary>The files with fields of the pod and resources of its containers.</summary>
    public static IEnumerable<VolumeFile> OfFields(V1Pod pod, IList<V1DownwardAPIVolumeFile>? items, int mode, AgentSettings settings) =>
        (items ?? []).Select(item => new VolumeFile(item.Path, Encoding.UTF8.GetBytes(FieldOf(pod, item, settings)), item.Mode ?? mode));

    /// <summary>
    /// The file with a token. With an fsGroup, or with one user for all containers, only they can read it (as upstream). Otherwise, it has
    /// the mode of the volume's files.
    /// </summary>
    public static VolumeFile OfToken(V1Pod pod, string path, byte[] token, int mode)
    {
        const int ownerOnly = 0b110_000_000;
        var users = pod
            .Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
            .Select(c => c.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser)
            .Distinct()
            .ToList();
        var user = users.Count == 1 ? users[0] : null;
        return new(path, token, user is not null || pod.Spec.SecurityContext?.FsGroup is not null ? ownerOnly : mode, user);
    }

    private static string FieldOf(V1Pod pod, V1DownwardAPIVolumeFile item, AgentSettings settings) =>
        item.FieldRef is { } field
            ? PodFields.Value(pod, field.FieldPath, settings, []) ?? ""
            : PodFields.Resource(
                pod.Spec.Containers.FirstOrDefault(c => c.Name == item.ResourceFieldRef.ContainerName)
                    ?? throw new IOException($"{item.Path}: the pod has no container \"{item.ResourceFieldRef.ContainerName}\""),
                item.ResourceFieldRef,
                settings
            );
}
