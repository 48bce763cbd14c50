using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Agent.Runtimes;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.Agent.Nodes;

/// <summary>
/// Registers the node, keeps its status up to date, and renews its lease, which the control plane uses to detect node failures.
/// </summary>
internal sealed partial class NodeReporter
{
    internal const string KubeletVersion = $"{KubernetesRelease.Version}+petrel-0.1.0";
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly AgentSettings _settings;
    private readonly ApiClient _client;
    private readonly IContainerRuntime _runtime;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SharedCache<V1Node> _view; // only this node: its status as the control plane has it
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly EventRecorder _events;
    private V1Node? _found; // as it was when the agent registered it
    private bool _wasReady;
    private ulong _reported; // the revision of the last report
    private V1Lease? _lease; // as it was written last

    public NodeReporter(
        AgentSettings settings,
        ApiClient client,
        IContainerRuntime runtime,
        TimeProvider time,
        IEntropy entropy,
        EventRecorder events,
        ILogger logger
    )
    {
        _events = events;
        _settings = settings;
        _client = client;
        _runtime = runtime;
        _time = time;
        _logger = logger;
        _view = new(client, time, entropy, logger, $"metadata.name={settings.NodeName}");
        _view.OnChange(change =>
        {
            RecordCordon(change.Old, change.New);
            if (!IsAgreed())
            {
                _wake.Writer.TryWrite(true);
            }
        });
    }

    /// <summary>The node as the API shows it. Null before the agent has registered it.</summary>
    public V1Node? Node => _view.Get(new("", _settings.NodeName)) is { } seen && seen.Metadata.Uid == _found?.Metadata.Uid ? seen : _found;

    /// <summary>Reads the node from the API.</summary>
    public async ValueTask<V1Node?> FetchAsync(CancellationToken cancellationToken) =>
        await _client.FindAsync<V1Node>(new("", _settings.NodeName), cancellationToken);

    /// <summary>Registers the node, then reports until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunTogetherAsync(cancellationToken, _view.RunAsync, ReportAsync);

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        // By elapsed time: the clock may be set back.
        var start = _time.GetTimestamp();
        TimeSpan Elapsed() => _time.GetElapsedTime(start);
        var statusDue = TimeSpan.Zero;
        var retry = RetryDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = _settings.LeaseRenewInterval;
            try
            {
                if (Elapsed() >= statusDue)
                {
                    await RegisterAsync(cancellationToken);
                    await ReportAsync(ready: true, cancellationToken);
                    statusDue = Elapsed() + _settings.NodeStatusInterval;
                }
                await RenewLeaseAsync(cancellationToken);
                retry = RetryDelay;
                if (!IsAgreed())
                {
                    statusDue = Elapsed(); // The control plane has marked the node not ready: report again.
                    wait = RetryDelay;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
            {
                // Never rarer than leases are renewed, so that the node is back soon.
                LogRetry(_logger, e.Message);
                wait = retry;
                retry = retry * 2 < _settings.LeaseRenewInterval ? retry * 2 : _settings.LeaseRenewInterval;
                statusDue = Elapsed();
            }
            try
            {
                await WaitAsync(wait, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (!IsAgreed())
            {
                statusDue = Elapsed();
            }
        }
    }

    // Returns early when the control plane changes the node's status, but never before RetryDelay: the agent and the node lifecycle
    // controller must not overwrite each other in a tight loop.
    private async ValueTask WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var since = _time.GetTimestamp();
        _wake.Reader.TryRead(out _);
        using (_time.CreateTimer(static wake => ((ChannelWriter<bool>)wake!).TryWrite(true), _wake.Writer, wait, Timeout.InfiniteTimeSpan))
        {
            await _wake.Reader.ReadAsync(cancellationToken);
        }
        var left = RetryDelay - _time.GetElapsedTime(since);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, _time, cancellationToken);
        }
    }

    /// <summary>Reports the node as NotReady because it is shutting down.</summary>
    public async Task ReportShutdownAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReportAsync(ready: false, cancellationToken);
        }
        catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
        {
            LogRetry(_logger, e.Message);
        }
    }

    private async ValueTask RegisterAsync(CancellationToken cancellationToken)
    {
        if (await FetchAsync(cancellationToken) is { } existing)
        {
            _found = existing;
            return;
        }
        try
        {
            _found = await _client.CreateAsync(
                new V1Node
                {
                    ApiVersion = "v1",
                    Kind = "Node",
                    Metadata = new()
                    {
                        Name = _settings.NodeName,
                        Labels = new Dictionary<string, string>
                        {
                            ["kubernetes.io/hostname"] = _settings.NodeName,
                            ["kubernetes.io/os"] = "linux",
                            ["kubernetes.io/arch"] = _settings.Architecture,
                            ["beta.kubernetes.io/os"] = "linux",
                            ["beta.kubernetes.io/arch"] = _settings.Architecture,
                        },
                    },
                    Spec = _settings.PodCidr.Length == 0 ? new() : new() { PodCIDR = _settings.PodCidr, PodCIDRs = [_settings.PodCidr] },
                },
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // An earlier attempt succeeded but its response was lost. The next attempt will find the node.
        }
    }

    private async ValueTask ReportAsync(bool ready, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var node = Node;
        var at = now.ToTimestamp();
        JsonObject Condition(string type, string status, string reason, string message)
        {
            var before = node?.Status?.Conditions?.FirstOrDefault(c => c.Type == type);
            var since =
                before?.Status == status && before.LastTransitionTime is { } then ? new DateTimeOffset(then.ToUniversalTime()) : now;
            return new()
            {
                ["type"] = type,
                ["status"] = status,
                ["lastHeartbeatTime"] = at,
                ["lastTransitionTime"] = since.ToTimestamp(),
                ["reason"] = reason,
                ["message"] = message,
            };
        }
        JsonObject Resources() =>
            new()
            {
                ["cpu"] = _settings.MilliCpu % 1000 == 0 ? $"{_settings.MilliCpu / 1000}" : $"{_settings.MilliCpu}m",
                ["memory"] = $"{_settings.Memory / 1024}Ki",
                ["pods"] = $"{_settings.MaxPods}",
                ["ephemeral-storage"] = $"{_settings.EphemeralStorage / 1024}Ki",
            };
        var images = new JsonArray();
        foreach (var image in (await _runtime.ListImagesAsync(cancellationToken)).Take(50))
        {
            images.Add(
                new JsonObject
                {
                    ["names"] = new JsonArray([.. image.References.Select(r => (JsonNode)r)]),
                    ["sizeBytes"] = image.SizeBytes,
                }
            );
        }
        var allocatable = Resources();
        ExtendedResources.AddTo(allocatable, node);
        var status = new JsonObject
        {
            ["capacity"] = Resources(),
            ["allocatable"] = allocatable,
            ["conditions"] = new JsonArray(
                Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                ready
                    ? Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
                    : Condition("Ready", "False", "KubeletNotReady", "node is shutting down")
            ),
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["address"] = _settings.NodeAddress },
                new JsonObject { ["type"] = "Hostname", ["address"] = _settings.NodeName }
            ),
            ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = _settings.Port } },
            ["nodeInfo"] = new JsonObject
            {
                ["machineID"] = _settings.MachineId,
                ["systemUUID"] = _settings.MachineId,
                ["bootID"] = _settings.BootId,
                ["kernelVersion"] = _settings.KernelVersion,
                ["osImage"] = _settings.OsImage,
                ["containerRuntimeVersion"] = $"{_runtime.Info.Name}://{_runtime.Info.Version}",
                ["kubeletVersion"] = KubeletVersion,
                ["kubeProxyVersion"] = "",
                ["operatingSystem"] = "linux",
                ["architecture"] = _settings.Architecture,
            },
            ["images"] = images,
        };
        // Strategic: it merges conditions by type, so that those of others (a network plugin's, a problem detector's) stay.
        var reported = await _client.PatchStrategicallyAsync<V1Node>(
            new("", _settings.NodeName),
            new JsonObject { ["status"] = status },
            cancellationToken,
            "status"
        );
        _reported = reported.Revision();
        RecordTransition(node ?? reported, ready);
    }

    // As upstream: an event for each transition, and for the first report of an agent.
    private void RecordTransition(V1Node node, bool ready)
    {
        if (ready != _wasReady)
        {
            _wasReady = ready;
            var reason = ready ? "NodeReady" : "NodeNotReady";
            _events.Record(node, "Normal", reason, $"Node {_settings.NodeName} status is now: {reason}");
        }
    }

    private void RecordCordon(V1Node? before, V1Node? node)
    {
        var cordoned = node?.Spec?.Unschedulable == true;
        if (before is not null && node is not null && cordoned != (before.Spec?.Unschedulable == true))
        {
            var reason = cordoned ? "NodeNotSchedulable" : "NodeSchedulable";
            _events.Record(node, "Normal", reason, $"Node {_settings.NodeName} status is now: {reason}");
        }
    }

    // Whether the API shows this node as ready, with all of its resources. A cached version that is older than the last report does not
    // count.
    private bool IsAgreed()
    {
        if (_view.Revision < _reported)
        {
            return true;
        }
        var node = _view.Get(new("", _settings.NodeName));
        return node is not null
            && node.Metadata.Uid == _found?.Metadata.Uid
            && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true
            && ExtendedResources.AreAllocatable(node);
    }

    // As upstream: update the lease as it was last written, and read it again only after a conflict.
    private async ValueTask RenewLeaseAsync(CancellationToken cancellationToken)
    {
        if (_lease is { } known)
        {
            _lease = null;
            try
            {
                _lease = await RenewAsync(known, cancellationToken);
                return;
            }
            catch (ApiException e) when (e.IsConflict || e.IsNotFound)
            {
                // The lease was changed or deleted, or an earlier response was lost.
            }
        }
        var found = await _client.FindAsync<V1Lease>(new ObjectKey("kube-node-lease", _settings.NodeName), cancellationToken);
        _lease = found is null
            ? await _client.CreateAsync(
                new V1Lease
                {
                    ApiVersion = "coordination.k8s.io/v1",
                    Kind = "Lease",
                    Metadata = new()
                    {
                        Name = _settings.NodeName,
                        NamespaceProperty = "kube-node-lease",
                        OwnerReferences =
                        [
                            new()
                            {
                                ApiVersion = "v1",
                                Kind = "Node",
                                Name = _settings.NodeName,
                                Uid = _found?.Metadata.Uid,
                            },
                        ],
                    },
                    Spec = LeaseSpec(),
                },
                cancellationToken
            )
            : await RenewAsync(found, cancellationToken);
    }

    private ValueTask<V1Lease> RenewAsync(V1Lease lease, CancellationToken cancellationToken)
    {
        var spec = LeaseSpec();
        lease.Spec.HolderIdentity = spec.HolderIdentity;
        lease.Spec.LeaseDurationSeconds = spec.LeaseDurationSeconds;
        lease.Spec.RenewTime = spec.RenewTime;
        return _client.UpdateAsync(lease, cancellationToken);
    }

    private V1LeaseSpec LeaseSpec() =>
        new()
        {
            HolderIdentity = _settings.NodeName,
            LeaseDurationSeconds = (int)_settings.LeaseDuration.TotalSeconds,
            RenewTime = _time.GetUtcNow().UtcDateTime,
        };

    [LoggerMessage(EventId = 5001, Level = LogLevel.Warning, Message = "Reporting the node failed and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string reason);
}
