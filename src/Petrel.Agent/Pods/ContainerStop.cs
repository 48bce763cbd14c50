using System.Diagnostics.CodeAnalysis;
using Petrel.Agent.Runtimes;
using Petrel.Model.Timing;

namespace Petrel.Agent.Pods;

/// <summary>
/// The stop of one container, in the order of upstream: its preStop hook, then the wait for the containers that must exit first, then
/// SIGTERM, then SIGKILL. All of them share one grace period, which may be shortened while the stop runs. The hook runs once.
/// </summary>
/// <param name="runtime">The node's runtime.</param>
/// <param name="time">The clock.</param>
/// <param name="containerId">The running container.</param>
/// <param name="grace">The time from now until the container is killed; zero kills it at once.</param>
/// <param name="failed">Called with the problem whenever the runtime can't stop the container. The stop is tried again.</param>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer or a parent holds nothing to release.")]
internal sealed class ContainerStop(IContainerRuntime runtime, TimeProvider time, string containerId, TimeSpan grace, Action<string> failed)
{
    // The least time between SIGTERM and SIGKILL, whatever the hook and the other containers left of the grace period (as upstream).
    private static readonly TimeSpan MinGrace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(10);

    private readonly long _start = time.GetTimestamp();
    private readonly CancellationTokenSource _exited = new();
    private CancellationTokenSource _shortened = new();
    private TimeSpan _grace = grace;
    private bool _kill = grace <= TimeSpan.Zero;

    /// <summary>Cancelled when the container has exited.</summary>
    public CancellationToken Exited => _exited.Token;

    /// <summary>The task of <see cref="RunAsync"/>.</summary>
    public Task Completion { get; set; } = Task.CompletedTask;

    private TimeSpan Left => _grace - time.GetElapsedTime(_start);

    /// <summary>Reports that the container has exited, for example by itself.</summary>
    public void SetExited() => _exited.Cancel();

    /// <summary>Lets the container end after <paramref name="grace"/> from now if that is earlier than before.</summary>
    public void Shorten(TimeSpan grace)
    {
        if (Exited.IsCancellationRequested || _kill || grace >= Left)
        {
            return;
        }
        _grace = time.GetElapsedTime(_start) + grace;
        _kill = grace <= TimeSpan.Zero;
        var before = _shortened;
        _shortened = new();
        before.Cancel();
    }

    /// <summary>Stops the container. Cancellation leaves it running.</summary>
    /// <param name="hook">Runs the preStop hook until it ends or is cancelled; null when the container has none.</param>
    /// <param name="others">The stops of the containers that must exit before this one is sent SIGTERM.</param>
    /// <param name="cancellationToken">Cancelled when the agent stops.</param>
    public async Task RunAsync(
        Func<TimeSpan, CancellationToken, Task>? hook,
        IReadOnlyList<ContainerStop> others,
        CancellationToken cancellationToken
    )
    {
        await Task.Yield();
        try
        {
            if (hook is not null && !_kill)
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                using var ended = new CancellationTokenSource();
                var running = EndWithAsync(hook(Left, stop.Token), ended);
                await UntilAsync(ended.Token, cancellationToken);
                stop.Cancel();
                await running;
            }
            foreach (var other in others)
            {
                await UntilAsync(other.Exited, cancellationToken);
            }
            await TerminateAsync(cancellationToken);
            SetExited();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The agent is stopping. The next agent stops the container again.
        }
    }

    private async ValueTask TerminateAsync(CancellationToken cancellationToken)
    {
        var retry = TimeSpan.FromSeconds(1);
        while (!Exited.IsCancellationRequested)
        {
            var left = Left;
            var rest =
                _kill ? TimeSpan.Zero
                : left < MinGrace ? MinGrace
                : LongDurations.ForTimer(left);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_shortened.Token, cancellationToken);
            try
            {
                await runtime.StopContainerAsync(containerId, rest, either.Token);
                return;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The grace period was shortened: stop the container within the rest of it.
            }
            catch (RuntimeException e)
            {
                failed(e.Message);
                await Task.Delay(retry, time, cancellationToken);
                retry = retry * 2 < MaxRetry ? retry * 2 : MaxRetry;
            }
        }
    }

    // Waits until the token is cancelled, at most for the rest of the grace period. Returns early when the container exits.
    private async ValueTask UntilAsync(CancellationToken done, CancellationToken cancellationToken)
    {
        while (!done.IsCancellationRequested && !Exited.IsCancellationRequested && Left is var left && left > TimeSpan.Zero)
        {
            using var any = CancellationTokenSource.CreateLinkedTokenSource(done, Exited, _shortened.Token, cancellationToken);
            try
            {
                await Task.Delay(LongDurations.ForTimer(left), time, any.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // One of the events has occurred.
            }
        }
    }

    private static async Task EndWithAsync(Task task, CancellationTokenSource ended)
    {
        await task;
        ended.Cancel();
    }
}
