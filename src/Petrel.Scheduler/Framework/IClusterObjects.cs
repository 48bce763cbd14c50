using k8s.Models;
using Petrel.Model;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// The objects of <see cref="ObjectKinds"/> for plugins. A plugin may read the kinds that it named in <see cref="IPlugin.Needs"/>. Other
/// kinds may be incomplete.
/// </summary>
internal interface IClusterObjects
{
    V1PersistentVolumeClaim? Claim(ObjectKey key);

    V1PersistentVolume? Volume(string name);

    IEnumerable<V1PersistentVolume> Volumes { get; }

    V1StorageClass? StorageClass(string name);

    V1CSINode? CsiNode(string name);

    IEnumerable<V1PodDisruptionBudget> DisruptionBudgets { get; }
}

/// <summary>No objects, for pods without volumes.</summary>
internal sealed class NoObjects : IClusterObjects
{
    public IEnumerable<V1PersistentVolume> Volumes => [];

    public V1PersistentVolumeClaim? Claim(ObjectKey key) => null;

    public V1PersistentVolume? Volume(string name) => null;

    public V1StorageClass? StorageClass(string name) => null;

    public V1CSINode? CsiNode(string name) => null;

    public IEnumerable<V1PodDisruptionBudget> DisruptionBudgets => [];
}
