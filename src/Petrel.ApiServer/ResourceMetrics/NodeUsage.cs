using Petrel.Model.Documents;

namespace Petrel.ApiServer.ResourceMetrics;

/// <summary>Two readings of one node, from which rates are computed.</summary>
internal sealed record NodeUsage(string Node, NodeReading? Earlier, NodeReading Latest)
{
    /// <summary>How long the rates are measured over; zero when there is only one reading.</summary>
    public TimeSpan Window => Earlier is null ? TimeSpan.Zero : Latest.At - Earlier.At;

    /// <summary>The cores that the node keeps busy, and its working set; null without two readings.</summary>
    public (double Cores, double Bytes)? Whole =>
        Earlier is null || Latest.Node.CpuSeconds < Earlier.Node.CpuSeconds
            ? null
            : ((Latest.Node.CpuSeconds - Earlier.Node.CpuSeconds) / Window.TotalSeconds, Latest.Node.WorkingSet);

    /// <summary>
    /// Each pod's containers in order of their names. A container that has started since the earlier reading is measured from its start,
    /// when that is long enough ago to tell (upstream: ten seconds); a pod of which one container can't be measured is left out.
    /// </summary>
    public IEnumerable<(
        string Namespace,
        string Pod,
        TimeSpan Window,
        IReadOnlyList<(string Name, double Cores, double Bytes)> Containers
    )> Pods()
    {
        foreach (var pod in Latest.Containers.GroupBy(c => (c.Key.Namespace, c.Key.Pod)))
        {
            var containers = new List<(string, double, double)>();
            var window = TimeSpan.MaxValue;
            foreach (var ((_, _, name), reading) in pod)
            {
                if (Rate((pod.Key.Namespace, pod.Key.Pod, name), reading) is not var (cores, over))
                {
                    containers.Clear();
                    break;
                }
                window = over < window ? over : window;
                containers.Add((name, cores, reading.WorkingSet));
            }
            if (containers.Count > 0)
            {
                yield return (pod.Key.Namespace, pod.Key.Pod, window, containers);
            }
        }
    }

    private static readonly TimeSpan YoungestMeasured = TimeSpan.FromSeconds(10);

    private (double Cores, TimeSpan Over)? Rate((string, string, string) key, Reading reading)
    {
        if (
            Earlier is not null
            && Earlier.Containers.TryGetValue(key, out var before)
            && before.StartedAt == reading.StartedAt
            && reading.CpuSeconds >= before.CpuSeconds
        )
        {
            return ((reading.CpuSeconds - before.CpuSeconds) / Window.TotalSeconds, Window);
        }
        var age = Latest.At - DateTimeOffset.FromUnixTimeMilliseconds((long)(reading.StartedAt * 1000));
        return Earlier is not null && age >= YoungestMeasured && age <= Window ? (reading.CpuSeconds / age.TotalSeconds, age) : null;
    }
}
