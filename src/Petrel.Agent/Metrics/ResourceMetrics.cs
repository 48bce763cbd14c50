using System.Globalization;
using System.Text;
using Petrel.Agent.Runtimes;
using Petrel.Model.Api;

namespace Petrel.Agent.Metrics;

/// <summary>
/// The resource usage of the node's containers in Prometheus' text format 0.0.4, with the kubelet's metric names
/// (<c>/metrics/resource</c>). The metrics of the node are sums over its containers, because several nodes may share one machine.
/// </summary>
internal static class ResourceMetrics
{
    public static async ValueTask<ApiResponse> RenderAsync(
        IContainerRuntime runtime,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var sandboxes = (await runtime.ListSandboxesAsync(cancellationToken)).ToDictionary(s => s.Id, StringComparer.Ordinal);
        var containers = (await runtime.ListContainersAsync(cancellationToken)).ToDictionary(c => c.Id, StringComparer.Ordinal);
        var usage = await runtime.ReadUsageAsync(cancellationToken);
        var at = time.GetUtcNow().ToUnixTimeMilliseconds();
        var measured = usage
            .Where(u => containers.ContainsKey(u.ContainerId) && sandboxes.ContainsKey(containers[u.ContainerId].SandboxId))
            .Select(u => (Usage: u, Container: containers[u.ContainerId], Sandbox: sandboxes[containers[u.ContainerId].SandboxId]))
            .OrderBy(m => m.Sandbox.PodNamespace, StringComparer.Ordinal)
            .ThenBy(m => m.Sandbox.PodName, StringComparer.Ordinal)
            .ThenBy(m => m.Container.Name, StringComparer.Ordinal)
            .ToArray();
        var text = new StringBuilder();
        Family(text, "container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds");
        foreach (var m in measured)
        {
            Sample(text, "container_cpu_usage_seconds_total", Labels(m.Container, m.Sandbox), m.Usage.CpuTime.TotalSeconds, at);
        }
        Family(text, "container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes");
        foreach (var m in measured)
        {
            Sample(text, "container_memory_working_set_bytes", Labels(m.Container, m.Sandbox), m.Usage.WorkingSetBytes, at);
        }
        Family(text, "container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds");
        foreach (var m in measured)
        {
            Sample(
                text,
                "container_start_time_seconds",
                Labels(m.Container, m.Sandbox),
                (m.Container.StartedAt ?? m.Container.CreatedAt).ToUnixTimeMilliseconds() / 1000.0,
                null
            );
        }
        Family(text, "node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds");
        Sample(text, "node_cpu_usage_seconds_total", "", measured.Sum(m => m.Usage.CpuTime.TotalSeconds), at);
        Family(text, "node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes");
        Sample(text, "node_memory_working_set_bytes", "", measured.Sum(m => m.Usage.WorkingSetBytes), at);
        return new()
        {
            StatusCode = 200,
            ContentType = "text/plain; version=0.0.4; charset=utf-8",
            Body = Encoding.UTF8.GetBytes(text.ToString()),
        };
    }

    // Names of Kubernetes objects do not need escaping in labels.
    private static string Labels(ContainerStatus container, SandboxStatus sandbox) =>
        $"{{container=\"{container.Name}\",namespace=\"{sandbox.PodNamespace}\",pod=\"{sandbox.PodName}\"}}";

    private static void Family(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Sample(StringBuilder text, string name, string labels, double value, long? at)
    {
        text.Append(name).Append(labels).Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture));
        if (at is { } milliseconds)
        {
            text.Append(' ').Append(milliseconds);
        }
        text.Append('\n');
    }
}
