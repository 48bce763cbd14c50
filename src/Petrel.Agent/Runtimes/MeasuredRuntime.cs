using System.Diagnostics.Metrics;
using Petrel.Model.Metrics;

namespace Petrel.Agent.Runtimes;

/// <summary>A runtime whose operations are counted and timed, with the kubelet's names for them.</summary>
public sealed class MeasuredRuntime(IContainerRuntime runtime, TimeProvider time) : IContainerRuntime
{
    private static readonly Meter Meters = ComponentMeters.Create("Agent");

    private static readonly Counter<long> Total = Meters.Counter(
        "kubelet_runtime_operations_total",
        "Operations of the container runtime."
    );

    private static readonly Counter<long> Errors = Meters.Counter(
        "kubelet_runtime_operations_errors_total",
        "Operations of the container runtime that failed."
    );

    private static readonly Histogram<double> Duration = Meters.Histogram(
        "kubelet_runtime_operations_duration_seconds",
        "Time of an operation of the container runtime, in seconds.",
        MetricBuckets.Exponential(0.005, 2.5, 14)
    );

    public RuntimeInfo Info => runtime.Info;

    public Action<string>? PodChanged
    {
        get => runtime.PodChanged;
        set => runtime.PodChanged = value;
    }

    public ValueTask StartAsync(CancellationToken cancellationToken) => runtime.StartAsync(cancellationToken);

    public ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken) =>
        MeasureAsync("run_podsandbox", runtime.RunSandboxAsync(spec, cancellationToken));

    public ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken) =>
        MeasureAsync("stop_podsandbox", runtime.StopSandboxAsync(sandboxId, cancellationToken));

    public ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken) =>
        MeasureAsync("remove_podsandbox", runtime.RemoveSandboxAsync(sandboxId, cancellationToken));

    public ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken) =>
        MeasureAsync("list_podsandbox", runtime.ListSandboxesAsync(cancellationToken));

    public ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken) =>
        MeasureAsync("podsandbox_status", runtime.GetPodStatusAsync(podUid, cancellationToken));

    public ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken) =>
        MeasureAsync("create_container", runtime.CreateContainerAsync(sandboxId, spec, cancellationToken));

    public ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken) =>
        MeasureAsync("start_container", runtime.StartContainerAsync(containerId, cancellationToken));

    public ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken) =>
        MeasureAsync("stop_container", runtime.StopContainerAsync(containerId, grace, cancellationToken));

    public ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken) =>
        MeasureAsync("remove_container", runtime.RemoveContainerAsync(containerId, cancellationToken));

    public ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken) =>
        MeasureAsync("list_containers", runtime.ListContainersAsync(cancellationToken));

    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken) =>
        MeasureAsync("list_container_stats", runtime.ReadUsageAsync(cancellationToken));

    public ValueTask<ExecResult> ExecAsync(
        string containerId,
        IReadOnlyList<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => MeasureAsync("exec_sync", runtime.ExecAsync(containerId, command, timeout, cancellationToken));

    public ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken) =>
        MeasureAsync("image_status", runtime.FindImageAsync(reference, cancellationToken));

    public ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken) =>
        MeasureAsync("pull_image", runtime.PullImageAsync(reference, cancellationToken));

    public ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken) =>
        MeasureAsync("mount_image", runtime.MountImageAsync(reference, directory, cancellationToken));

    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken) =>
        MeasureAsync("list_images", runtime.ListImagesAsync(cancellationToken));

    private async ValueTask MeasureAsync(string operation, ValueTask call) => await MeasureAsync(operation, Result(call));

    private static async ValueTask<bool> Result(ValueTask call)
    {
        await call;
        return true;
    }

    private async ValueTask<T> MeasureAsync<T>(string operation, ValueTask<T> call)
    {
        var begun = time.GetTimestamp();
        KeyValuePair<string, object?> tag = new("operation_type", operation);
        try
        {
            return await call;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Errors.Add(1, tag);
            throw;
        }
        finally
        {
            Total.Add(1, tag);
            Duration.Record(time.GetElapsedTime(begun).TotalSeconds, tag);
        }
    }
}
