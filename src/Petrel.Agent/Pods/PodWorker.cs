using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Agent.EnvironmentVariables;
using Petrel.Agent.Nodes;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Volumes;
using Petrel.Client;
using Petrel.Model.Timing;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>The dependencies that all pod workers of a node share.</summary>
internal sealed record PodWorkerContext(
    AgentSettings Settings,
    ApiClient Client,
    IContainerRuntime Runtime,
    IPodFiles Files,
    VolumeManager Volumes,
    ContainerEnvironment Environment,
    IProber Prober,
    EventRecorder Events,
    Func<string, IEnumerable<V1Service>> ServicesOf,
    TimeProvider Time,
    ILogger Logger
);

/// <summary>
/// Syncs one pod of this node (one uid) with its spec and reports its status (upstream: the kubelet's pod worker). Level-triggered: each
/// sync reads the runtime's state and takes the next step. After a restart of the agent, all of its state except back-off is recovered.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer or a parent holds nothing to release.")]
internal sealed partial class PodWorker
{
    private readonly PodWorkerContext _context;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly SortedDictionary<string, ContainerTrack> _tracks = new(StringComparer.Ordinal);
    private readonly string _uid;
    private readonly DateTimeOffset _seen;
    private V1Pod _pod;
    private bool _gone;
    private bool _finished;
    private string _failReason = "";
    private string _failMessage = "";
    private bool _refused;
    private readonly CancellationTokenSource _ending = new(); // cancelled when the pod is deleted
    private string _lastStatus = "";
    private ulong _reported; // the revision of the last report
    private DateTimeOffset? _nextWake;

    public PodWorker(PodWorkerContext context, V1Pod pod)
    {
        _context = context;
        _stops = new(context, problem => LogSyncFailed(context.Logger, pod.Metadata.NamespaceProperty, pod.Metadata.Name, problem), Wake);
        _pod = pod;
        _uid = pod.Metadata.Uid;
        _seen = pod.Status?.StartTime is { } started ? new DateTimeOffset(started.ToUniversalTime()) : context.Time.GetUtcNow();
        if (pod.Status is { Phase: "Failed", Reason: { Length: > 0 } reason } status)
        {
            (_failReason, _failMessage) = (reason, status.Message ?? "");
        }
    }

    /// <summary>Requests a sync, because the pod's state may have changed.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Sets the latest version of the pod from the API and requests a sync.</summary>
    public void Update(V1Pod pod)
    {
        _pod = pod;
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            _ending.Cancel();
        }
        Wake();
    }

    /// <summary>Call when the pod was removed from the API. Kills the pod without a grace period.</summary>
    public void Remove()
    {
        _gone = true;
        _ending.Cancel();
        Wake();
    }

    /// <summary>Marks the pod as failed permanently, before it starts (upstream: admission on the node).</summary>
    public void Reject(string reason, string message)
    {
        (_failReason, _failMessage, _refused) = (reason, message, true);
        Wake();
    }

    /// <summary>Syncs the pod until it has terminated, or until cancelled. Containers keep running after cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var own = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (!_finished)
            {
                _nextWake = null;
                try
                {
                    await SyncAsync(own.Token);
                }
                catch (Exception e)
                    when (e is RuntimeException or ApiException or TimeoutException || ApiFailures.IsTransient(e, cancellationToken))
                {
                    LogSyncFailed(_context.Logger, _pod.Metadata.NamespaceProperty, _pod.Metadata.Name, e.Message);
                    WakeIn(TimeSpan.FromSeconds(1));
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A failing pod must not stop the agent, because the agent also runs the node's other pods.
                    LogBroken(_context.Logger, e, _pod.Metadata.NamespaceProperty, _pod.Metadata.Name);
                    WakeIn(TimeSpan.FromSeconds(10));
                }
                if (!_finished)
                {
                    await WaitAsync(cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The agent is stopping. The pod keeps running.
        }
        finally
        {
            own.Cancel();
            await _stops.WaitAsync();
            foreach (var track in _tracks.Values)
            {
                await track.StopProbesAsync();
                await track.StopHookAsync();
            }
        }
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        var due = _context.Time.GetUtcNow() + _context.Settings.ResyncInterval;
        var wait = (_nextWake is { } next && next < due ? next : due) - _context.Time.GetUtcNow();
        if (wait <= TimeSpan.Zero)
        {
            _wake.Reader.TryRead(out _);
            return;
        }
        using (_context.Time.CreateTimer(static worker => ((PodWorker)worker!).Wake(), this, wait, Timeout.InfiniteTimeSpan))
        {
            await _wake.Reader.ReadAsync(cancellationToken);
        }
    }

    private void WakeIn(TimeSpan delay)
    {
        var at = _context.Time.GetUtcNow() + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay);
        _nextWake = _nextWake is { } earlier && earlier < at ? earlier : at;
    }

    private async ValueTask SyncAsync(CancellationToken cancellationToken)
    {
        var pod = _pod;
        var (sandboxes, containers) = await _context.Runtime.GetPodStatusAsync(_uid, cancellationToken);
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
        {
            await ObserveAsync(pod, container, containers, cancellationToken);
        }
        await _stops.ObserveAsync(containers);
        CheckDeadline(pod);
        await CheckVolumeSizesAsync(pod, cancellationToken);
        if (_gone || pod.Metadata.DeletionTimestamp is not null || _failReason.Length > 0 || HasEnded(pod))
        {
            await EndAsync(pod, sandboxes, containers, cancellationToken);
            return;
        }
        var sandbox = sandboxes.Where(s => s.State == SandboxState.Ready).MaxBy(s => s.Attempt);
        if (sandbox is null)
        {
            sandbox = await StartSandboxAsync(pod, sandboxes, cancellationToken);
        }
        if (sandbox is not null)
        {
            await StartContainersAsync(pod, sandbox, cancellationToken);
        }
        await ReportAsync(pod, sandbox, ended: false, cancellationToken);
    }

    // Takes over what the runtime says about a container. A container that has exited is never reported without its message.
    private async ValueTask ObserveAsync(
        V1Pod pod,
        V1Container container,
        IReadOnlyList<ContainerStatus> containers,
        CancellationToken cancellationToken
    )
    {
        var track = Track(container.Name);
        track.Observe(containers, pod);
        foreach (var ended in track.Ended.Where(e => !track.HasMessage(e.Id)))
        {
            track.SetMessage(ended.Id, await TerminationMessages.ReadAsync(_context, pod, container, ended, cancellationToken));
        }
    }

    // Whether all containers of the pod have exited and none will be restarted.
    private bool HasEnded(V1Pod pod)
    {
        if (pod.IsFinished())
        {
            return true;
        }
        return (pod.Spec.InitContainers ?? []).Any(c => RestartRules.FailsPod(pod, c, Track(c.Name).Current))
            || pod.Spec.Containers.All(c => RestartRules.IsOver(pod, c, Track(c.Name).Current));
    }

    // The time until the pod's deadline, at least zero; a very long time without one.
    private TimeSpan UntilDeadline(V1Pod pod)
    {
        if (pod.Spec.ActiveDeadlineSeconds is not { } seconds)
        {
            return LongDurations.MaxTimer;
        }
        var left = _seen + LongDurations.FromSeconds(seconds) - _context.Time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void CheckDeadline(V1Pod pod)
    {
        if (pod.Spec.ActiveDeadlineSeconds is null || _failReason.Length > 0)
        {
            return;
        }
        var left = UntilDeadline(pod);
        if (left <= TimeSpan.Zero)
        {
            (_failReason, _failMessage) = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
            _context.Events.Record(pod, "Normal", _failReason, _failMessage);
        }
        else
        {
            WakeIn(left);
        }
    }

    private ContainerTrack Track(string name)
    {
        if (!_tracks.TryGetValue(name, out var track))
        {
            _tracks[name] = track = new ContainerTrack(name);
        }
        return track;
    }

    private async ValueTask ReportAsync(V1Pod pod, SandboxStatus? sandbox, bool ended, CancellationToken cancellationToken)
    {
        if (_gone)
        {
            return;
        }
        var addresses =
            sandbox?.Addresses is { Count: > 0 } own ? own
            : sandbox is not null && pod.Spec.HostNetwork == true ? [_context.Settings.NodeAddress]
            : sandbox?.Addresses ?? [];
        if (addresses.Count == 0 && pod.Status?.PodIPs is { Count: > 0 } before && ended)
        {
            addresses = [.. before.Select(a => a.Ip)];
        }
        var view = new PodView(
            pod,
            _context.Settings,
            _context.Runtime.Info.Name,
            addresses,
            sandbox is { State: SandboxState.Ready },
            _tracks.ToDictionary(t => t.Key, t => t.Value.View()),
            _failReason,
            _failMessage,
            ended,
            _seen
        );
        var status = _refused
            ? PodStatusBuilder.Refused(pod, _failReason, _failMessage, _seen)
            : PodStatusBuilder.Build(view, _context.Time.GetUtcNow());
        var text = status.ToJsonString();
        if (text == _lastStatus && !IsContradicted(pod, status))
        {
            return;
        }
        // A strategic merge patch merges conditions by type. This preserves the conditions of other writers, even those that this agent has
        // not seen yet. Addresses must not be merged: replace them.
        foreach (var addressList in (ReadOnlySpan<string>)["podIPs", "hostIPs"])
        {
            (status[addressList] as JsonArray)?.Insert(0, new JsonObject { ["$patch"] = "replace" });
        }
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = _uid },
            ["status"] = status,
        };
        try
        {
            var reported = await _context.Client.PatchStrategicallyAsync<V1Pod>(pod.Key(), patch, cancellationToken, "status");
            (_lastStatus, _reported) = (text, reported.Revision());
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // The pod was deleted, or another pod has the same name now. The watch will deliver the change.
        }
    }

    // Whether another writer has changed what this agent reported: the node lifecycle controller does so for a node that it believes lost.
    // A version of the pod that is older than the last report says nothing.
    private bool IsContradicted(V1Pod pod, JsonObject status) =>
        pod.Revision() > _reported
        && (pod.Status?.Phase != (string?)status["phase"] || (status["conditions"] is JsonArray own && !PodConditions.Agree(own, pod)));

    [LoggerMessage(EventId = 5012, Level = LogLevel.Error, Message = "{Namespace}/{Name} could not be handled and will be tried again")]
    private static partial void LogBroken(ILogger logger, Exception exception, string @namespace, string name);

    [LoggerMessage(EventId = 5010, Level = LogLevel.Warning, Message = "{Namespace}/{Name}: {Reason}")]
    private static partial void LogSyncFailed(ILogger logger, string @namespace, string name, string reason);
}
