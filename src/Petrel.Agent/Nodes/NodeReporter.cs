using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Agent.Runtimes;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Agent.Nodes;

/// <summary>Makes the node known, keeps its status fresh, and renews its lease: how the control plane knows that the node lives.</summary>
internal sealed partial class NodeReporter(AgentSettings settings, ApiClient client, IContainerRuntime runtime, TimeProvider time, ILogger logger)
{
    internal const string KubeletVersion = "v1.35.0+petrel-0.1.0";
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);
    private DateTimeOffset? _readySince;
    private string _nodeUid = "";

    /// <summary>Registers the node, then reports until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var statusDue = time.GetUtcNow();
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = settings.LeaseRenewInterval;
            try
            {
                if (time.GetUtcNow() >= statusDue)
                {
                    await RegisterAsync(cancellationToken);
                    await ReportAsync(ready: true, cancellationToken);
                    statusDue = time.GetUtcNow() + settings.NodeStatusInterval;
                }
                if (!await RenewLeaseAsync(cancellationToken))
                {
                    statusDue = time.GetUtcNow(); // The control plane thinks otherwise of this node: tell it again.
                    wait = RetryDelay;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is ApiException or IOException)
            {
                LogRetry(logger, e.Message);
                wait = RetryDelay;
                statusDue = time.GetUtcNow();
            }
            try
            {
                await Task.Delay(wait, time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Says goodbye: the node is NotReady from now on.</summary>
    public async Task ReportShutdownAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReportAsync(ready: false, cancellationToken);
        }
        catch (Exception e) when (e is ApiException or IOException)
        {
            LogRetry(logger, e.Message);
        }
    }

    private async ValueTask RegisterAsync(CancellationToken cancellationToken)
    {
        var existing = await client.FindAsync<V1Node>(new("", settings.NodeName), cancellationToken);
        if (existing is not null)
        {
            _nodeUid = existing.Metadata.Uid;
            _readySince ??= existing.Status?.Conditions?.FirstOrDefault(c => c is { Type: "Ready", Status: "True" })?.LastTransitionTime;
            return;
        }
        try
        {
            var node = await client.CreateAsync(
                new V1Node
                {
                    ApiVersion = "v1",
                    Kind = "Node",
                    Metadata = new()
                    {
                        Name = settings.NodeName,
                        Labels = new Dictionary<string, string>
                        {
                            ["kubernetes.io/hostname"] = settings.NodeName,
                            ["kubernetes.io/os"] = "linux",
                            ["kubernetes.io/arch"] = settings.Architecture,
                            ["beta.kubernetes.io/os"] = "linux",
                            ["beta.kubernetes.io/arch"] = settings.Architecture,
                        },
                    },
                    Spec = settings.PodCidr.Length == 0 ? new() : new() { PodCIDR = settings.PodCidr, PodCIDRs = [settings.PodCidr] },
                },
                cancellationToken);
            _nodeUid = node.Metadata.Uid;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // Lost answer of an earlier try: the next round finds it.
        }
    }

    private async ValueTask ReportAsync(bool ready, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        _readySince ??= now;
        var at = Timestamp(now);
        JsonObject Condition(string type, string status, string reason, string message, DateTimeOffset since) => new()
        {
            ["type"] = type,
            ["status"] = status,
            ["lastHeartbeatTime"] = at,
            ["lastTransitionTime"] = Timestamp(since),
            ["reason"] = reason,
            ["message"] = message,
        };
        JsonObject Resources() => new()
        {
            ["cpu"] = settings.MilliCpu % 1000 == 0 ? $"{settings.MilliCpu / 1000}" : $"{settings.MilliCpu}m",
            ["memory"] = $"{settings.Memory / 1024}Ki",
            ["pods"] = $"{settings.MaxPods}",
            ["ephemeral-storage"] = $"{settings.EphemeralStorage / 1024}Ki",
        };
        var images = new JsonArray();
        foreach (var image in (await runtime.ListImagesAsync(cancellationToken)).Take(50))
        {
            images.Add(new JsonObject { ["names"] = new JsonArray([.. image.References.Select(r => (JsonNode)r)]), ["sizeBytes"] = image.SizeBytes });
        }
        var status = new JsonObject
        {
            ["capacity"] = Resources(),
            ["allocatable"] = Resources(),
            ["conditions"] = new JsonArray(
                Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", _readySince.Value),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", _readySince.Value),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", _readySince.Value),
                ready
                    ? Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", _readySince.Value)
                    : Condition("Ready", "False", "KubeletNotReady", "node is shutting down", now)),
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["address"] = settings.NodeAddress },
                new JsonObject { ["type"] = "Hostname", ["address"] = settings.NodeName }),
            ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = settings.Port } },
            ["nodeInfo"] = new JsonObject
            {
                ["machineID"] = settings.MachineId,
                ["systemUUID"] = settings.MachineId,
                ["bootID"] = settings.BootId,
                ["kernelVersion"] = settings.KernelVersion,
                ["osImage"] = settings.OsImage,
                ["containerRuntimeVersion"] = $"{runtime.Info.Name}://{runtime.Info.Version}",
                ["kubeletVersion"] = KubeletVersion,
                ["kubeProxyVersion"] = "",
                ["operatingSystem"] = "linux",
                ["architecture"] = settings.Architecture,
            },
            ["images"] = images,
        };
        await client.PatchAsync<V1Node>(new("", settings.NodeName), new JsonObject { ["status"] = status }, cancellationToken, "status");
    }

    // Answers whether the control plane's view of this node agrees with its own.
    private async ValueTask<bool> RenewLeaseAsync(CancellationToken cancellationToken)
    {
        var key = new ObjectKey("kube-node-lease", settings.NodeName);
        var now = time.GetUtcNow().UtcDateTime;
        var lease = await client.FindAsync<V1Lease>(key, cancellationToken);
        if (lease is null)
        {
            await client.CreateAsync(
                new V1Lease
                {
                    ApiVersion = "coordination.k8s.io/v1",
                    Kind = "Lease",
                    Metadata = new()
                    {
                        Name = settings.NodeName,
                        NamespaceProperty = "kube-node-lease",
                        OwnerReferences = [new() { ApiVersion = "v1", Kind = "Node", Name = settings.NodeName, Uid = _nodeUid }],
                    },
                    Spec = new() { HolderIdentity = settings.NodeName, LeaseDurationSeconds = (int)settings.LeaseDuration.TotalSeconds, RenewTime = now },
                },
                cancellationToken);
        }
        else
        {
            lease.Spec.HolderIdentity = settings.NodeName;
            lease.Spec.LeaseDurationSeconds = (int)settings.LeaseDuration.TotalSeconds;
            lease.Spec.RenewTime = now;
            await client.UpdateAsync(lease, cancellationToken);
        }
        var node = await client.FindAsync<V1Node>(new("", settings.NodeName), cancellationToken);
        return node?.Metadata.Uid == _nodeUid && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;
    }

    internal static string Timestamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Warning, Message = "Reporting the node failed and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string reason);
}
