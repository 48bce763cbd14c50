using Petrel.ApiServer.Protection;
using Petrel.Model.Metrics;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>The seats of <see cref="RequestLimits"/> with the names of API Priority and Fairness. A priority level is a queue
/// here.</summary>
internal static class LimitMetrics
{
    public static void Add(MetricRegistry registry, RequestLimits limits)
    {
        string[] labels = ["priority_level", "flow_schema"];
        var inflight = registry.Gauge("apiserver_current_inflight_requests", "Requests that hold seats now.", "request_kind");
        var inqueue = registry.Gauge("apiserver_current_inqueue_requests", "Requests that wait for seats now.", "request_kind");
        var waiting = registry.Gauge("apiserver_flowcontrol_current_inqueue_requests", "Requests that wait for seats now.", labels);
        var running = registry.Gauge("apiserver_flowcontrol_current_executing_requests", "Requests that hold seats now.", labels);
        var held = registry.Gauge("apiserver_flowcontrol_current_executing_seats", "Seats that are held now.", labels);
        var dispatched = registry.Counter("apiserver_flowcontrol_dispatched_requests_total", "Requests that got seats.", labels);
        var refused = registry.Counter(
            "apiserver_flowcontrol_rejected_requests_total",
            "Requests that were answered 429, because the queue was full or the wait too long.",
            [.. labels, "reason"]
        );
        var nominal = registry.Gauge("apiserver_flowcontrol_nominal_limit_seats", "Seats of the priority level.", "priority_level");
        registry.BeforeReading(() =>
        {
            var (reads, writes) = ((Running: 0, Waiting: 0), (Running: 0, Waiting: 0));
            foreach (var (level, queue) in limits.Queues)
            {
                waiting.Of(level, level).Set(queue.Waiting);
                running.Of(level, level).Set(queue.Running);
                held.Of(level, level).Set(queue.Held);
                dispatched.Of(level, level).Set(queue.Admitted);
                refused.Of(level, level, "queue-full").Set(queue.RefusedFull);
                refused.Of(level, level, "time-out").Set(queue.RefusedLate);
                nominal.Of(level).Set(queue.Seats);
                if (level == "writes")
                {
                    writes = (queue.Running, queue.Waiting);
                }
                else
                {
                    reads = (reads.Running + queue.Running, reads.Waiting + queue.Waiting);
                }
            }
            inflight.Of("readOnly").Set(reads.Running);
            inflight.Of("mutating").Set(writes.Running);
            inqueue.Of("readOnly").Set(reads.Waiting);
            inqueue.Of("mutating").Set(writes.Waiting);
        });
    }
}
