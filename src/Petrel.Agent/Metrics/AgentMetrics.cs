using System.Text;
using Petrel.Agent.Runtimes;
using Petrel.Model.Api;
using Petrel.Model.Metrics;

namespace Petrel.Agent.Metrics;

/// <summary>The agent's metrics, with the kubelet's names (<c>/metrics</c>).</summary>
public sealed class AgentMetrics
{
    private static readonly string[] States = ["created", "running", "exited"];

    private readonly MetricRegistry _registry;
    private readonly MetricFamily _pods;
    private readonly MetricFamily _containers;

    /// <param name="node">The name of the node.</param>
    /// <param name="registry">Where the metrics are added.</param>
    public AgentMetrics(string node, MetricRegistry registry)
    {
        _registry = registry;
        _pods = registry.Gauge("kubelet_running_pods", "Pods whose sandbox is ready.");
        _containers = registry.Gauge("kubelet_running_containers", "Containers by state.", "container_state");
        if (node.Length > 0)
        {
            registry.Gauge("kubelet_node_name", "The node's name, as the label of the number 1.", "node").Of(node).Set(1);
        }
        var resident = registry.Gauge("process_resident_memory_bytes", "Resident memory, in bytes.").Of();
        var cpu = registry.Counter("process_cpu_seconds_total", "Processor time of the process, in seconds.").Of();
        registry.BeforeReading(() =>
        {
            resident.Set(Environment.WorkingSet);
            cpu.Set(Environment.CpuUsage.TotalTime.TotalSeconds);
        });
    }

    /// <summary>All metrics in the Prometheus text format.</summary>
    public async ValueTask<ApiResponse> RenderAsync(IContainerRuntime runtime, CancellationToken cancellationToken)
    {
        var sandboxes = await runtime.ListSandboxesAsync(cancellationToken);
        var containers = await runtime.ListContainersAsync(cancellationToken);
        _pods.Of().Set(sandboxes.Count(static s => s.State == SandboxState.Ready));
        foreach (var state in States)
        {
            _containers.Of(state).Set(containers.Count(c => c.State.ToString().Equals(state, StringComparison.OrdinalIgnoreCase)));
        }
        return new()
        {
            StatusCode = 200,
            ContentType = "text/plain; version=0.0.4; charset=utf-8",
            Body = Encoding.UTF8.GetBytes(_registry.Text()),
        };
    }
}
