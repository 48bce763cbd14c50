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
    private DateTimeOffset? _readySince;
    private string _nodeUid = "";
    private ulong _reported; // the revision of the last report
    private V1Lease? _lease; // as it was written last

    public NodeReporter(
        AgentSettings settings,
        ApiClient client,
        IContainerRuntime runtime,
        TimeProvider time,
        IEntropy entropy,
        ILogger logger
    )
    {
        _settings = settings;
        _client = client;
        _runtime = runtime;
        _time = time;
        _logger = logger;
        _view = new(client, time, entropy, logger, $"metadata.name={settings.NodeName}");
        _view.OnChange(_ =>
        {
            if (!IsAgreed())
            {
                _wake.Writer.TryWrite(true);
            }
        });
    }

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
        var existing = await _client.FindAsync<V1Node>(new("", _settings.NodeName), cancellationToken);
        if (existing is not null)
        {
            _nodeUid = existing.Metadata.Uid;
            _readySince ??= existing.Status?.Conditions?.FirstOrDefault(c => c is { Type: "Ready", Status: "True" })?.LastTransitionTime;
            return;
        }
        try
        {
            var node = await _client.CreateAsync(
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
            _nodeUid = node.Metadata.Uid;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // An earlier attempt succeeded but its response was lost. The next attempt will find the node.
        }
    }

    private async ValueTask ReportAsync(bool ready, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        _readySince ??= now;
        var at = now.ToTimestamp();
        JsonObject Condition(string type, string status, string reason, string message, DateTimeOffset since) =>
            new()
            {
                ["type"] = type,
                ["status"] = status,
                ["lastHeartbeatTime"] = at,
                ["lastTransitionTime"] = since.ToTimestamp(),
                ["reason"] = reason,
                ["message"] = message,
            };
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
        var status = new JsonObject
        {
            ["capacity"] = Resources(),
            ["allocatable"] = Resources(),
            ["conditions"] = new JsonArray(
                Condition(
                    "MemoryPressure",
                    "False",
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available",
                    _readySince.Value
                ),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", _readySince.Value),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", _readySince.Value),
                ready
                    ? Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", _readySince.Value)
                    : Condition("Ready", "False", "KubeletNotReady", "node is shutting down", now)
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
        var reported = await _client.PatchAsync<V1Node>(
            new("", _settings.NodeName),
            new JsonObject { ["status"] = status },
            cancellationToken,
            "status"
        );
        _reported = reported.Revision();
    }

    // Whether the API shows this node as ready. A cached version that is older than the last report does not count.
    private bool IsAgreed()
    {
        if (_view.Revision < _reported)
        {
            return true;
        }
        var node = _view.Get(new("", _settings.NodeName));
        return node?.Metadata.Uid == _nodeUid && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;
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
                                Uid = _nodeUid,
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
