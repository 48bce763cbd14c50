using System.Globalization;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.ResourceMetrics;

/// <summary>What an agent's <c>/metrics/resource</c> says at one time.</summary>
/// <param name="At">When the agent measured.</param>
/// <param name="Containers">By namespace, pod and container.</param>
/// <param name="Node">The node's own figures.</param>
internal sealed record NodeReading(
    DateTimeOffset At,
    IReadOnlyDictionary<(string Namespace, string Pod, string Container), Reading> Containers,
    Reading Node
);

/// <param name="CpuSeconds">Processor time so far.</param>
/// <param name="WorkingSet">Bytes.</param>
/// <param name="StartedAt">When the container started, in seconds since 1970; 0 for a node.</param>
internal readonly record struct Reading(double CpuSeconds, double WorkingSet, double StartedAt);

/// <summary>Reads the kubelet's resource metrics in Prometheus' text format 0.0.4.</summary>
internal static class ResourceMetricsText
{
    /// <exception cref="FormatException">A line is no sample.</exception>
    public static NodeReading Read(string text, DateTimeOffset receivedAt)
    {
        var containers = new SortedDictionary<(string, string, string), Reading>();
        var node = default(Reading);
        var at = receivedAt;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }
            var (name, labels, value, time) = Sample(line.ToString());
            at = time ?? at;
            switch (name)
            {
                case "node_cpu_usage_seconds_total":
                    node = node with { CpuSeconds = value };
                    break;
                case "node_memory_working_set_bytes":
                    node = node with { WorkingSet = value };
                    break;
                case "container_cpu_usage_seconds_total":
                    containers[labels] = containers.GetValueOrDefault(labels) with { CpuSeconds = value };
                    break;
                case "container_memory_working_set_bytes":
                    containers[labels] = containers.GetValueOrDefault(labels) with { WorkingSet = value };
                    break;
                case "container_start_time_seconds":
                    containers[labels] = containers.GetValueOrDefault(labels) with { StartedAt = value };
                    break;
            }
        }
        return new(at, containers, node);
    }

    private static (string Name, (string, string, string) Labels, double Value, DateTimeOffset? At) Sample(string line)
    {
        var brace = line.IndexOf('{', StringComparison.Ordinal);
        var close = brace < 0 ? -1 : line.IndexOf('}', brace);
        if (brace >= 0 && close < 0)
        {
            throw new FormatException($"\"{line}\": expected a closing brace after the labels");
        }
        var rest = (close >= 0 ? line[(close + 1)..] : line[line.IndexOf(' ', StringComparison.Ordinal)..]).Split(
            ' ',
            StringSplitOptions.RemoveEmptyEntries
        );
        if (rest.Length is 0 or > 2 || !double.TryParse(rest[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw new FormatException($"\"{line}\": expected a number, and perhaps a time, after the name");
        }
        var name = brace >= 0 ? line[..brace] : line[..line.IndexOf(' ', StringComparison.Ordinal)];
        var labels = close >= 0 ? line[(brace + 1)..close] : "";
        DateTimeOffset? at =
            rest.Length == 2 ? DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(rest[1], CultureInfo.InvariantCulture)) : null;
        return (name, (Label(labels, "namespace"), Label(labels, "pod"), Label(labels, "container")), value, at);
    }

    // Names of Kubernetes objects are never escaped.
    private static string Label(string labels, string name)
    {
        foreach (var label in labels.Split(','))
        {
            if (label.StartsWith(name, StringComparison.Ordinal) && label.AsSpan(name.Length).StartsWith("=\""))
            {
                return label[(name.Length + 2)..^1];
            }
        }
        return "";
    }
}
