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

namespace Petrel.Agent;

/// <summary>
/// The agent of one node (upstream: the kubelet): reports the node, takes its pods by watch, and brings each of them to what the API says.
/// It may die at any time: the next one finds the pods that run and goes on with them.
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

    // Only touched from the loop of TakePodsAsync.
    private readonly SortedDictionary<string, (PodWorker Worker, Task Loop)> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, V1Pod> _arrived = [];
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
        _pods.OnChange(change => Send(() => OnPod(change)));
        _runtime.PodChanged = uid => Send(() => OnRuntimeChange(uid));
    }

    /// <summary>
    /// Works until cancelled; the node's pods go on without it. Fails when a part of it fails: start a new agent then.
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
            TakePodsAsync
        );
    }

    /// <summary>
    /// Shuts the node down after <see cref="RunAsync"/> has ended: it says that it is not ready, and ends every container by its grace, at
    /// most <see cref="AgentSettings.ShutdownGrace"/>. The pods stay in the API: when the node is back, they run again.
    /// </summary>
    public async Task ShutDownAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _reporter.ReportShutdownAsync(cancellationToken);
        var grace = _pods.Snapshot.Values.ToDictionary(
            p => p.Metadata.Uid,
            p => TimeSpan.FromSeconds(p.Spec.TerminationGracePeriodSeconds ?? 30)
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

    private async Task TakePodsAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            // Services first: their addresses are in the environment of containers. Pods: what is not there any more must go.
            await _services.WaitForRevisionAsync(1, cancellationToken);
            await _pods.WaitForRevisionAsync(1, cancellationToken);
            await RemoveOrphansAsync(cancellationToken);
            while (await _messages.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_messages.Reader.TryRead(out var message))
                {
                    message();
                }
                StartArrived(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; the workers were, too.
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
            _arrived.Remove(uid);
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
            _arrived[uid] = pod;
        }
    }

    private void StartArrived(CancellationToken cancellationToken)
    {
        // The older one has the better right to what there is.
        foreach (
            var pod in _arrived
                .Values.OrderBy(p => p.Metadata.CreationTimestamp)
                .ThenBy(p => p.Metadata.Uid, StringComparer.Ordinal)
                .ToList()
        )
        {
            _arrived.Remove(pod.Metadata.Uid);
            var uid = pod.Metadata.Uid;
            var worker = new PodWorker(_workerContext, pod);
            if (_admission.Admit(pod) is { } refusal)
            {
                LogRefused(_logger, pod.Metadata.NamespaceProperty, pod.Metadata.Name, refusal.Message);
                _events.Record(pod, "Warning", refusal.Reason, refusal.Message);
                worker.Reject(refusal.Reason, $"Pod was rejected: {refusal.Message}");
            }
            _workers[uid] = (worker, WorkAsync(uid, worker, cancellationToken));
        }
    }

    private async Task WorkAsync(string uid, PodWorker worker, CancellationToken cancellationToken)
    {
        await worker.RunAsync(cancellationToken);
        Send(() => OnWorkerEnd(uid));
    }

    // The pod's last containers are gone; had the pod not been seen to go yet, its key may come again as another pod's.
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

    // Pods that were deleted while no agent looked.
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

    private void Send(Action message) => _messages.Writer.TryWrite(message);

    [LoggerMessage(EventId = 5020, Level = LogLevel.Warning, Message = "{Namespace}/{Name} is refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string @namespace, string name, string reason);

    [LoggerMessage(
        EventId = 5021,
        Level = LogLevel.Information,
        Message = "{Namespace}/{Name} is not in the API any more: what is left of it here is removed"
    )]
    private static partial void LogOrphan(ILogger logger, string @namespace, string name);
}
