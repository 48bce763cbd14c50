using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Agent.EnvironmentVariables;
using Petrel.Agent.Nodes;
using Petrel.Agent.Pods;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;
using Petrel.Agent.Volumes;
using Petrel.Agent.Volumes.Drivers;
using Petrel.Client;
using Petrel.Model.Determinism;
using Petrel.Model.Timing;

namespace Petrel.Agent;

/// <summary>
/// The agent of one node (upstream: the kubelet). It reports the node, watches the node's pods, and syncs each of them. It may die at any
/// time: the next agent finds the running pods and continues to manage them.
/// </summary>
public sealed partial class NodeAgent
{
    private readonly AgentSettings _settings;
    private readonly IContainerRuntime _runtime;
    private readonly IPodFiles _files;
    private readonly VolumeManager _volumes;
    private readonly ILogger _logger;
    private readonly NodeReporter _reporter;
    private readonly EventRecorder _events;
    private readonly SharedCache<V1Pod> _pods;
    private readonly SharedCache<V1Service> _services;
    private readonly PodWorkerContext _workerContext;
    private readonly Channel<Action> _messages = Channel.CreateUnbounded<Action>(new() { SingleReader = true });

    // Accessed only from the loop of SyncPodsAsync.
    private readonly SortedDictionary<string, (PodWorker Worker, Task Loop)> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, V1Pod> _added = [];
    private readonly NodeAdmission _admission;

    public NodeAgent(
        AgentSettings settings,
        ApiClient client,
        IContainerRuntime runtime,
        IPodFiles files,
        IPersistentVolumes persistentVolumes,
        IProber prober,
        TimeProvider time,
        IEntropy entropy,
        ILoggerFactory logs
    )
    {
        _settings = settings;
        _runtime = runtime;
        _files = files;
        _logger = logs.CreateLogger<NodeAgent>();
        _reporter = new(settings, client, runtime, time, entropy, _logger);
        _events = new(client, "kubelet", settings.NodeName, time, entropy, _logger);
        _pods = new(client, time, entropy, _logger, $"spec.nodeName={settings.NodeName}");
        _services = new(client, time, entropy, _logger);
        _admission = new(settings);
        var objects = new ConfigObjects(client);
        _volumes = new(BuiltInVolumeDrivers.Create(settings, client, objects, files, persistentVolumes, time));
        _workerContext = new(
            settings,
            client,
            runtime,
            files,
            _volumes,
            new ContainerEnvironment(settings, objects),
            prober,
            _events,
            ns => _services.Snapshot.Values.Where(s => s.Metadata.NamespaceProperty == ns || ServiceVariables.IsOfApi(s)),
            time,
            _logger
        );
        _pods.OnChange(change => Post(() => OnPod(change)));
        _runtime.PodChanged = uid => Post(() => OnRuntimeChange(uid));
    }

    /// <summary>
    /// Runs the agent until it is cancelled. The node's pods keep running afterwards. Throws when one of the agent's loops fails; the
    /// caller must then start a new agent.
    /// </summary>
    /// <exception cref="RuntimeException">The runtime can't be used on this machine.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _runtime.StartAsync(cancellationToken);
        await Loops.RunTogetherAsync(
            cancellationToken,
            _reporter.RunAsync,
            _events.RunAsync,
            _pods.RunAsync,
            _services.RunAsync,
            SyncPodsAsync
        );
    }

    /// <summary>
    /// Shuts the node down after <see cref="RunAsync"/> has returned: reports the node as not ready, and stops every container within its
    /// grace period, but at most <see cref="AgentSettings.ShutdownGrace"/>. The pods stay in the API and start again when the node
    /// restarts.
    /// </summary>
    public async Task ShutDownAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _reporter.ReportShutdownAsync(cancellationToken);
        var grace = _pods.Snapshot.Values.ToDictionary(
            p => p.Metadata.Uid,
            p => LongDurations.FromSeconds(p.Spec.TerminationGracePeriodSeconds ?? 30)
        );
        var running = (await _runtime.ListContainersAsync(cancellationToken)).Where(c => c.State == ContainerState.Running);
        await Task.WhenAll(
            running.Select(async container =>
            {
                var own = grace.GetValueOrDefault(container.PodUid, _settings.ShutdownGrace);
                await _runtime.StopContainerAsync(
                    container.Id,
                    own < _settings.ShutdownGrace ? own : _settings.ShutdownGrace,
                    cancellationToken
                );
            })
        );
        foreach (var sandbox in await _runtime.ListSandboxesAsync(cancellationToken))
        {
            await _runtime.StopSandboxAsync(sandbox.Id, cancellationToken);
        }
    }

    private async Task SyncPodsAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            // Wait for both caches: the environment of containers contains service addresses, and finding orphans requires the API's pods.
            await _services.WaitForRevisionAsync(1, cancellationToken);
            await _pods.WaitForRevisionAsync(1, cancellationToken);
            await RemoveOrphansAsync(cancellationToken);
            while (await _messages.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_messages.Reader.TryRead(out var message))
                {
                    message();
                }
                StartAdded(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The agent is stopping, and so are its pod workers.
        }
        foreach (var (_, loop) in _workers.Values)
        {
            await loop;
        }
    }

    private void OnPod(CacheChange<V1Pod> change)
    {
        var uid = change.Latest.Metadata.Uid;
        if (change.New is not { } pod)
        {
            if (_workers.TryGetValue(uid, out var gone))
            {
                gone.Worker.Remove();
            }
            _added.Remove(uid);
            _admission.Forget(uid);
            return;
        }
        if (_workers.TryGetValue(uid, out var known))
        {
            known.Worker.Update(pod);
            _admission.Update(pod);
        }
        else
        {
            _added[uid] = pod;
        }
    }

    private void StartAdded(CancellationToken cancellationToken)
    {
        // Older pods are admitted first.
        foreach (
            var pod in _added.Values.OrderBy(p => p.Metadata.CreationTimestamp).ThenBy(p => p.Metadata.Uid, StringComparer.Ordinal).ToList()
        )
        {
            _added.Remove(pod.Metadata.Uid);
            var uid = pod.Metadata.Uid;
            var worker = new PodWorker(_workerContext, pod);
            if (_admission.Admit(pod) is { } refusal)
            {
                LogRejected(_logger, pod.Metadata.NamespaceProperty, pod.Metadata.Name, refusal.Message);
                _events.Record(pod, "Warning", refusal.Reason, refusal.Message);
                worker.Reject(refusal.Reason, $"Pod was rejected: {refusal.Message}");
            }
            _workers[uid] = (worker, WorkAsync(uid, worker, cancellationToken));
        }
    }

    private async Task WorkAsync(string uid, PodWorker worker, CancellationToken cancellationToken)
    {
        await worker.RunAsync(cancellationToken);
        Post(() => OnWorkerEnd(uid));
    }

    private void OnWorkerEnd(string uid)
    {
        _workers.Remove(uid);
        _admission.Forget(uid);
    }

    private void OnRuntimeChange(string uid)
    {
        if (_workers.TryGetValue(uid, out var known))
        {
            known.Worker.Wake();
        }
    }

    // Removes the sandboxes of pods that were deleted while no agent was running.
    private async ValueTask RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        var alive = _pods.Snapshot.Values.Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        foreach (var sandbox in await _runtime.ListSandboxesAsync(cancellationToken))
        {
            if (!alive.Contains(sandbox.PodUid))
            {
                LogOrphan(_logger, sandbox.PodNamespace, sandbox.PodName);
                await _runtime.RemoveSandboxAsync(sandbox.Id, cancellationToken);
                await _volumes.TearDownAsync(sandbox.PodUid, cancellationToken);
                await _files.RemovePodAsync(sandbox.PodNamespace, sandbox.PodName, sandbox.PodUid, cancellationToken);
            }
        }
    }

    private void Post(Action message) => _messages.Writer.TryWrite(message);

    [LoggerMessage(EventId = 5020, Level = LogLevel.Warning, Message = "{Namespace}/{Name} is rejected: {Reason}")]
    private static partial void LogRejected(ILogger logger, string @namespace, string name, string reason);

    [LoggerMessage(
        EventId = 5021,
        Level = LogLevel.Information,
        Message = "{Namespace}/{Name} no longer exists in the API: its sandbox is removed"
    )]
    private static partial void LogOrphan(ILogger logger, string @namespace, string name);
}
