using Petrel.Model.Metrics;
using Petrel.Simulation.Execution;

namespace Petrel.Client.Tests;

public sealed class QueueMeasurementsTests
{
    [Fact]
    public async Task A_queue_with_a_name_is_measured_as_client_go_measures_one()
    {
        var name = $"queue-{Guid.NewGuid():N}";
        var registry = new MetricRegistry();
        using var bridge = new MeterBridge(registry);
        using var simulator = new Simulator(1);
        using var queue = new WorkQueue<string>(simulator.CreateProcess("p").Time, name: name);
        using var unnamed = new WorkQueue<string>(simulator.CreateProcess("q").Time);

        queue.Add("a");
        queue.Add("a");
        queue.Add("b");
        unnamed.Add("c");
        var first = await queue.TakeAsync(CancellationToken.None);
        queue.AddRateLimited(first);
        queue.Done(first);

        var lines = registry.Text().Split('\n').Where(l => l.Contains(name, StringComparison.Ordinal)).ToList();
        Assert.Contains($"workqueue_adds_total{{name=\"{name}\"}} 2", lines);
        Assert.Contains($"workqueue_depth{{name=\"{name}\"}} 1", lines);
        Assert.Contains($"workqueue_retries_total{{name=\"{name}\"}} 1", lines);
        Assert.Contains($"workqueue_queue_duration_seconds_count{{name=\"{name}\"}} 1", lines);
        Assert.Contains($"workqueue_work_duration_seconds_bucket{{name=\"{name}\",le=\"1e-08\"}} 1", lines);
    }
}
