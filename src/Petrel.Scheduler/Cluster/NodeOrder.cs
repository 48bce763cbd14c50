namespace Petrel.Scheduler.Cluster;

/// <summary>In which order nodes are looked at.</summary>
internal static class NodeOrder
{
    private const string RegionKey = "topology.kubernetes.io/region";
    private const string ZoneKey = "topology.kubernetes.io/zone";

    /// <summary>
    /// The slots of the nodes: the first of every zone, then the second of every zone, and so on; zones and the nodes of each by name.
    /// </summary>
    public static int[] OverZones(IReadOnlyList<NodeInfo> nodesByName)
    {
        var zones = new SortedDictionary<(string Region, string Zone), Queue<int>>();
        foreach (var node in nodesByName)
        {
            var zone = (node.Labels.GetValueOrDefault(RegionKey) ?? "", node.Labels.GetValueOrDefault(ZoneKey) ?? "");
            if (!zones.TryGetValue(zone, out var slots))
            {
                zones[zone] = slots = new();
            }
            slots.Enqueue(node.Slot);
        }
        var order = new List<int>(nodesByName.Count);
        while (order.Count < nodesByName.Count)
        {
            foreach (var slots in zones.Values)
            {
                if (slots.TryDequeue(out var slot))
                {
                    order.Add(slot);
                }
            }
        }
        return [.. order];
    }
}
