using k8s.Models;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Pods;

/// <summary>The state that a pod worker keeps of one container between syncs.</summary>
internal sealed class ContainerTrack(string name)
{
    private ProbeRunner? _probes;
    private CancellationTokenSource? _probesStop;
    private Task _probesLoop = Task.CompletedTask;
    private string _probesOf = "";
    private readonly Dictionary<string, string> _messages = []; // termination messages by container id

    private Task _hook = Task.CompletedTask;
    private CancellationTokenSource? _hookStop;
    private string _hookOf = "";
    private bool _hookEnded;
    private string? _hookProblem;

    public ContainerStatus? Current { get; private set; }
    public ContainerStatus? Previous { get; private set; }
    public string WaitingReason { get; set; } = "";
    public string WaitingMessage { get; set; } = "";
    public int RestartCount { get; private set; }

    /// <summary>The attempt from which restarts are counted for back-off.</summary>
    public int BackOffFrom { get; set; }

    /// <summary>The number of failed attempts to pull the image, for back-off.</summary>
    public int PullFailures { get; set; }

    /// <summary>When the status starts to show that the next pull waits. Null when it shows that already, or no pull has failed.</summary>
    public DateTimeOffset? PullBacksOffAt { get; set; }

    /// <summary>When the next attempt to start the container is allowed. Null if it is allowed now.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    public ProbeResults? Probes => Current?.State == ContainerState.Running && _probesOf == Current.Id ? _probes?.Results : null;

    /// <summary>
    /// The number of the next attempt. It is always unused, even when the runtime has lost its records in a reboot of the node.
    /// </summary>
    public int NextAttempt { get; private set; }

    public void Observe(IReadOnlyList<ContainerStatus> containers, V1Pod pod)
    {
        var own = containers.Where(c => c.Name == name).OrderBy(c => c.Attempt).ToList();
        Current = own.Count > 0 ? own[^1] : null;
        Previous = own.Count > 1 ? own[^2] : Previous;
        var reported = (pod.Status?.ContainerStatuses ?? [])
            .Concat(pod.Status?.InitContainerStatuses ?? [])
            .FirstOrDefault(s => s.Name == name);
        var started = reported?.ContainerID is { Length: > 0 };
        NextAttempt = Math.Max(Current?.Attempt + 1 ?? 0, Current is null && started ? reported!.RestartCount + 1 : 0);
        RestartCount = Math.Max(Current?.Attempt ?? 0, Math.Max(RestartCount, Current is null ? reported?.RestartCount ?? 0 : 0));
    }

    /// <summary>Call after the containers were removed with their sandbox. The last one becomes <see cref="Previous"/>.</summary>
    public void Forget()
    {
        Previous = Current ?? Previous;
        NextAttempt = Math.Max(NextAttempt, Current is null ? 0 : Current.Attempt + 1);
        Current = null;
        (WaitingReason, WaitingMessage, NotBefore) = ("", "", null);
    }

    /// <summary>The current and the previous attempt, as far as they have exited.</summary>
    public IEnumerable<ContainerStatus> Ended =>
        new[] { Previous, Current }.OfType<ContainerStatus>().Where(c => c.State == ContainerState.Exited);

    public bool HasMessage(string containerId) => _messages.ContainsKey(containerId);

    /// <summary>Sets the termination message of an attempt that has exited.</summary>
    public void SetMessage(string containerId, string message)
    {
        foreach (var forgotten in _messages.Keys.Where(id => id != Current?.Id && id != Previous?.Id).ToList())
        {
            _messages.Remove(forgotten);
        }
        _messages[containerId] = message;
    }

    public ContainerView View() =>
        new(Current, Previous, Probes, WaitingReason, WaitingMessage, RestartCount)
        {
            Message = MessageOf(Current),
            PreviousMessage = MessageOf(Previous),
        };

    private string MessageOf(ContainerStatus? attempt) => attempt is null ? "" : _messages.GetValueOrDefault(attempt.Id, "");

    /// <summary>Starts the probes of the running container unless they are already running.</summary>
    public async ValueTask EnsureProbesAsync(Func<ProbeRunner> create, CancellationToken cancellationToken)
    {
        if (_probesOf == Current!.Id)
        {
            return;
        }
        await StopProbesAsync();
        _probes = create();
        _probesOf = Current.Id;
        _probesStop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _probesLoop = _probes.RunAsync(_probesStop.Token);
    }

    public async ValueTask StopProbesAsync()
    {
        if (_probesStop is not null)
        {
            _probesStop.Cancel();
            await _probesLoop;
            _probesStop.Dispose();
            _probesStop = null;
        }
    }

    /// <summary>Whether the postStart hook of the running container has not ended yet.</summary>
    public bool HookRuns => Current?.State == ContainerState.Running && _hookOf == Current.Id && !_hookEnded;

    /// <summary>Why the postStart hook of the current container failed. Null when it did not fail.</summary>
    public string? HookProblem => _hookOf == Current?.Id ? _hookProblem : null;

    /// <summary>Starts the postStart hook of the running container.</summary>
    /// <param name="run">Runs the hook. Returns why it failed, or null.</param>
    /// <param name="ended">Called when it has ended.</param>
    /// <param name="cancellationToken">Ends the hook.</param>
    public void StartHook(Func<CancellationToken, Task<string?>> run, Action ended, CancellationToken cancellationToken)
    {
        (_hookOf, _hookEnded, _hookProblem) = (Current!.Id, false, null);
        _hookStop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _hook = RunHookAsync(run, ended, _hookStop.Token);
    }

    public async ValueTask StopHookAsync()
    {
        if (_hookStop is not null)
        {
            _hookStop.Cancel();
            await _hook;
            _hookStop.Dispose();
            _hookStop = null;
        }
    }

    private async Task RunHookAsync(Func<CancellationToken, Task<string?>> run, Action ended, CancellationToken cancellationToken)
    {
        _hookProblem = await run(cancellationToken);
        _hookEnded = true;
        ended();
    }
}
