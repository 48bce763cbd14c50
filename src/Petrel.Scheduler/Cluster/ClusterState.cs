using k8s.Models;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// The cluster as the scheduler sees it (upstream: the cache and its snapshot): what the watches told, and the placements that are assumed
/// but not yet confirmed by a watch. It is a struct of arrays. Each node has a slot, and what filters and scores ask of all nodes lies in
/// columns by slot. Only the scheduling loop uses it.
/// </summary>
internal sealed class ClusterState
{
    private readonly Dictionary<string, NodeInfo> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Placed> _placed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaces = new(StringComparer.Ordinal);
    private readonly SortedDictionary<ObjectKey, IReadOnlyDictionary<string, string>> _services = [];
    private readonly Dictionary<string, int> _imageNodes = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, int> _claimUsers = [];
    private readonly SortedDictionary<int, int> _priorities = [];
    private readonly Dictionary<string, ResourceColumn> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TopologyColumn> _topologies = new(StringComparer.Ordinal);
    private readonly List<NodeInfo?> _slots = [];
    private readonly Stack<int> _freeSlots = new();
    private NodeInfo[]? _nodes;
    private int[]? _order;
    private long[] _generations = new long[16];
    private int[] _podCounts = new int[16];
    private long _generation;
    private int _podsWithAffinity;

    public ClusterState()
    {
        Cpu = Resource(ResourceList.CpuName);
        Memory = Resource(ResourceList.MemoryName);
        EphemeralStorage = Resource(ResourceList.EphemeralStorageName);
        NonZeroCpu = new(ResourceList.CpuName, Capacity);
        NonZeroMemory = new(ResourceList.MemoryName, Capacity);
    }

    public ResourceColumn Cpu { get; }
    public ResourceColumn Memory { get; }
    public ResourceColumn EphemeralStorage { get; }

    /// <summary>As <see cref="Cpu"/>, with a default for containers that request none; for scores.</summary>
    public ResourceColumn NonZeroCpu { get; }

    /// <summary>As <see cref="Memory"/>, with a default for containers that request none; for scores.</summary>
    public ResourceColumn NonZeroMemory { get; }

    /// <summary>The number of pods on each node, by slot.</summary>
    public int[] PodCounts => _podCounts;

    /// <summary>
    /// A number for each node, by slot. It changes with the node and the pods on it, and no two nodes ever have the same.
    /// </summary>
    public long[] Generations => _generations;

    /// <summary>
    /// Changes with everything that relates nodes to each other: nodes that come and go, node labels, namespace labels, Services.
    /// </summary>
    public long TopologyVersion { get; private set; }

    /// <summary>Changes with every node's taints.</summary>
    public long TaintsVersion { get; private set; }

    /// <summary>Changes when an image is added to a node or removed from it.</summary>
    public long ImagesVersion { get; private set; }

    /// <summary>Changes with everything.</summary>
    public long Version => _generation + TopologyVersion + Nominations.Version;

    /// <summary>The latest moves of pods.</summary>
    public PodJournal Journal { get; } = new();

    public Nominations Nominations { get; } = new();

    /// <summary>All slots are below this number.</summary>
    public int Capacity => _generations.Length;

    /// <summary>All nodes, by name.</summary>
    public IReadOnlyList<NodeInfo> Nodes =>
        _nodes ??= [.. _byName.Values.Where(n => n.Node is not null).OrderBy(n => n.Name, StringComparer.Ordinal)];

    /// <summary>
    /// The slots of all nodes in the order in which they are examined: one node of each zone in turn (upstream: the node tree). So the
    /// part of a large cluster that one pod sees has nodes of every zone.
    /// </summary>
    public ReadOnlySpan<int> Order => _order ??= NodeOrder.OverZones(Nodes);

    /// <summary>Whether any placed pod has a term about other pods. Without one, most pods need not look at others.</summary>
    public bool AnyPodAffinity => _podsWithAffinity > 0;

    /// <summary>The lowest priority of the placed pods. A pod whose priority is not higher cannot preempt any.</summary>
    public int LowestPriority => _priorities.Count == 0 ? int.MaxValue : _priorities.First().Key;

    public NodeInfo? Node(string name) => _byName.TryGetValue(name, out var node) && node.Node is not null ? node : null;

    public NodeInfo At(int slot) => _slots[slot]!;

    /// <summary>The number of nodes that have an image.</summary>
    public int NodesWithImage(string image) => _imageNodes.GetValueOrDefault(image);

    /// <summary>The number of placed pods that use a claim.</summary>
    public int UsersOfClaim(ObjectKey claim) => _claimUsers.GetValueOrDefault(claim);

    public IReadOnlyDictionary<string, string> NamespaceLabels(string name) => _namespaces.GetValueOrDefault(name) ?? LabelSets.Of(null);

    /// <summary>The column of a resource. It is made when it is first asked for.</summary>
    public ResourceColumn Resource(string name)
    {
        if (!_resources.TryGetValue(name, out var column))
        {
            _resources[name] = column = new(name, Capacity);
            foreach (var node in _slots)
            {
                if (node is not null && name is not (ResourceList.CpuName or ResourceList.MemoryName or ResourceList.EphemeralStorageName))
                {
                    column.Allocatable[node.Slot] = node.Allocatable.Other(name);
                    column.Requested[node.Slot] = node.Pods.Sum(p => p.Requests.Other(name));
                }
            }
        }
        return column;
    }

    /// <summary>The column of a node label. It is made when it is first asked for.</summary>
    public TopologyColumn Topology(string key)
    {
        if (!_topologies.TryGetValue(key, out var column))
        {
            _topologies[key] = column = new(key, Capacity);
            foreach (var node in _slots)
            {
                if (node is not null)
                {
                    column.Set(node.Slot, node.Labels.GetValueOrDefault(key));
                }
            }
        }
        return column;
    }

    public void SetNamespace(string name, IReadOnlyDictionary<string, string>? labels)
    {
        TopologyVersion++;
        if (labels is null)
        {
            _namespaces.Remove(name);
        }
        else
        {
            _namespaces[name] = labels;
        }
    }

    /// <summary>Sets the selector of a Service; null when the Service or its selector is gone.</summary>
    public void SetService(ObjectKey key, IReadOnlyDictionary<string, string>? selector)
    {
        TopologyVersion++;
        if (selector is { Count: > 0 })
        {
            _services[key] = selector;
        }
        else
        {
            _services.Remove(key);
        }
    }

    /// <summary>The selectors of the Services that select a pod.</summary>
    public IEnumerable<IReadOnlyDictionary<string, string>> ServicesOf(PodInfo pod)
    {
        foreach (var (key, selector) in _services)
        {
            if (key.Namespace == pod.Key.Namespace && LabelSets.ContainAll(pod.Labels, selector))
            {
                yield return selector;
            }
        }
    }

    public void SetNode(V1Node node)
    {
        var info = At(node.Metadata.Name);
        var (wasKnown, labels, taints, cordoned, images) = (
            info.Node is not null,
            info.Labels,
            info.Taints,
            info.IsUnschedulable,
            info.Images
        );
        CountImages(info, -1);
        info.SetNode(node);
        CountImages(info, 1);
        SetColumns(info);
        if (!wasKnown || !NodeEquality.OfLabels(labels, info.Labels))
        {
            _order = null;
        }
        if (!wasKnown || !NodeEquality.OfLabels(labels, info.Labels))
        {
            TopologyVersion++;
        }
        if (cordoned != info.IsUnschedulable || !NodeEquality.OfTaints(taints, info.Taints))
        {
            TaintsVersion++;
        }
        if (!NodeEquality.OfImages(images, info.Images))
        {
            ImagesVersion++;
        }
        if (!wasKnown)
        {
            _nodes = null;
        }
    }

    public void RemoveNode(string name)
    {
        if (_byName.TryGetValue(name, out var info))
        {
            CountImages(info, -1);
            info.SetNode(null);
            SetColumns(info);
            TopologyVersion++;
            _nodes = null;
            _order = null;
            DropIfEmpty(info);
        }
    }

    /// <summary>A pod is on a node, or will be (<paramref name="assumed"/>). Replaces an earlier version of the pod.</summary>
    public void Place(PodInfo pod, string nodeName, bool assumed = false)
    {
        if (_placed.TryGetValue(pod.Uid, out var known) && known.Node.Name == nodeName && known.Pod.IsSameFor(pod))
        {
            // Only its status changed, or the watch confirmed the placement: all cached results stay right.
            Swap(known, pod, assumed);
            return;
        }
        Remove(pod.Uid);
        var node = At(nodeName);
        _placed[pod.Uid] = new(pod, node, assumed);
        if (pod.HasPodAffinity && _podsWithAffinity++ == 0)
        {
            // The first pod with affinity terms changes the plans of pods without any.
            TopologyVersion++;
        }
        foreach (var claim in pod.Claims)
        {
            _claimUsers[claim] = _claimUsers.GetValueOrDefault(claim) + 1;
        }
        _priorities[pod.Priority] = _priorities.GetValueOrDefault(pod.Priority) + 1;
        Load(node, pod);
        Touch(node.Slot);
        Journal.Append(new(pod, node.Slot, Added: true));
    }

    public bool IsAssumed(string uid) => _placed.TryGetValue(uid, out var placed) && placed.Assumed;

    /// <summary>Removes an assumed pod. False when the watch has confirmed it, or the pod is gone.</summary>
    public bool Forget(string uid) => IsAssumed(uid) && Remove(uid) is not null;

    /// <summary>Removes a pod; null when it was not placed.</summary>
    public PodInfo? Remove(string uid)
    {
        if (!_placed.Remove(uid, out var placed))
        {
            return null;
        }
        _podsWithAffinity -= placed.Pod.HasPodAffinity ? 1 : 0;
        if (--_priorities[placed.Pod.Priority] == 0)
        {
            _priorities.Remove(placed.Pod.Priority);
        }
        foreach (var claim in placed.Pod.Claims)
        {
            if (--_claimUsers[claim] == 0)
            {
                _claimUsers.Remove(claim);
            }
        }
        Unload(placed.Node, placed.Pod);
        Touch(placed.Node.Slot);
        Journal.Append(new(placed.Pod, placed.Node.Slot, Added: false));
        DropIfEmpty(placed.Node);
        return placed.Pod;
    }

    /// <summary>The pod as it is placed, confirmed or assumed.</summary>
    public PodInfo? Find(string uid) => _placed.TryGetValue(uid, out var placed) ? placed.Pod : null;

    /// <summary>The node that a pod is placed on, confirmed or assumed.</summary>
    public NodeInfo? NodeOf(string uid) => _placed.TryGetValue(uid, out var placed) ? placed.Node : null;

    /// <summary>Adds a pod to a node in the columns only, for a dry run. <see cref="Unload"/> undoes it exactly.</summary>
    public void Load(NodeInfo node, PodInfo pod)
    {
        node.Add(pod);
        Count(node.Slot, pod, 1);
    }

    /// <summary>Removes a pod from a node in the columns only, for a dry run. <see cref="Load"/> undoes it exactly.</summary>
    public void Unload(NodeInfo node, PodInfo pod)
    {
        node.Remove(pod);
        Count(node.Slot, pod, -1);
    }

    private void Swap(Placed known, PodInfo pod, bool assumed)
    {
        if (!ReferenceEquals(known.Pod, pod))
        {
            // The journal keeps the old instance. Plugins read the same from both.
            known.Node.Remove(known.Pod);
            known.Node.Add(pod);
        }
        _placed[pod.Uid] = new(pod, known.Node, assumed);
    }

    private void Count(int slot, PodInfo pod, int sign)
    {
        _podCounts[slot] += sign;
        Cpu.Requested[slot] += sign * pod.Requests.MilliCpu;
        Memory.Requested[slot] += sign * pod.Requests.Memory;
        EphemeralStorage.Requested[slot] += sign * pod.Requests.EphemeralStorage;
        NonZeroCpu.Requested[slot] += sign * pod.NonZero.MilliCpu;
        NonZeroMemory.Requested[slot] += sign * pod.NonZero.Memory;
        if (pod.Requests.Others is { } others)
        {
            foreach (var (name, amount) in others)
            {
                // A column that no plugin asked for yet is filled when one does.
                if (_resources.TryGetValue(name, out var column))
                {
                    column.Requested[slot] += sign * amount;
                }
            }
        }
    }

    private void SetColumns(NodeInfo node)
    {
        var slot = node.Slot;
        Cpu.Allocatable[slot] = NonZeroCpu.Allocatable[slot] = node.Allocatable.MilliCpu;
        Memory.Allocatable[slot] = NonZeroMemory.Allocatable[slot] = node.Allocatable.Memory;
        EphemeralStorage.Allocatable[slot] = node.Allocatable.EphemeralStorage;
        foreach (var column in _resources.Values)
        {
            if (column != Cpu && column != Memory && column != EphemeralStorage)
            {
                column.Allocatable[slot] = node.Allocatable.Other(column.Name);
            }
        }
        foreach (var (key, column) in _topologies)
        {
            column.Set(slot, node.Labels.GetValueOrDefault(key));
        }
        Touch(slot);
    }

    private void Touch(int slot) => _generations[slot] = ++_generation;

    private NodeInfo At(string name)
    {
        if (!_byName.TryGetValue(name, out var info))
        {
            if (!_freeSlots.TryPop(out var slot))
            {
                slot = _slots.Count;
                _slots.Add(null);
                if (slot == Capacity)
                {
                    Grow(Capacity * 2);
                }
            }
            _byName[name] = _slots[slot] = info = new(name, slot);
            Touch(slot);
        }
        return info;
    }

    private void Grow(int slots)
    {
        Array.Resize(ref _generations, slots);
        Array.Resize(ref _podCounts, slots);
        NonZeroCpu.Grow(slots);
        NonZeroMemory.Grow(slots);
        foreach (var column in _resources.Values)
        {
            column.Grow(slots);
        }
        foreach (var column in _topologies.Values)
        {
            column.Grow(slots);
        }
    }

    private void DropIfEmpty(NodeInfo info)
    {
        if (info.Node is null && info.Pods.Count == 0)
        {
            _byName.Remove(info.Name);
            _slots[info.Slot] = null;
            _freeSlots.Push(info.Slot);
        }
    }

    private void CountImages(NodeInfo info, int sign)
    {
        foreach (var image in info.Images.Keys)
        {
            _imageNodes[image] = _imageNodes.GetValueOrDefault(image) + sign;
            if (_imageNodes[image] == 0)
            {
                _imageNodes.Remove(image);
            }
        }
    }

    private sealed record Placed(PodInfo Pod, NodeInfo Node, bool Assumed);
}
