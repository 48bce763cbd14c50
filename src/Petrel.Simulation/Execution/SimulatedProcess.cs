using System.Diagnostics.CodeAnalysis;
using Petrel.Simulation.Time;

namespace Petrel.Simulation.Execution;

/// <summary>
/// One incarnation of something that can fail as a whole: the server's process, a node. Code that runs in it resumes in it after
/// every await, until <see cref="Kill"/>: from then on nothing of it ever runs again, at whatever await it stood (no catch, no
/// finally), as in a power cut. Starting again means a new process of the same name.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer holds nothing to release.")]
public sealed class SimulatedProcess : SynchronizationContext
{
    private readonly Simulator _simulator;
    private readonly CancellationTokenSource _killed = new();
    private int _stepsToCrash = -1;
    private Action? _crash;

    internal SimulatedProcess(Simulator simulator, string name, int incarnation)
    {
        _simulator = simulator;
        Name = name;
        Incarnation = incarnation;
        Time = new(simulator.Clock, this);
    }

    public string Name { get; }

    /// <summary>1 for the first process of its name, 2 after one restart, and so on.</summary>
    public int Incarnation { get; }

    /// <summary>The clock that everything in this process must use.</summary>
    public ProcessTime Time { get; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>Is cancelled by <see cref="Kill"/>. It is for callers of the process: its own code must not observe its death.</summary>
    public CancellationToken Killed => _killed.Token;

    /// <summary>Ends the process at once. Work that it has queued is dropped, and so is work that it queues later.</summary>
    public void Kill()
    {
        if (IsAlive)
        {
            IsAlive = false;
            _simulator.History.Append(ToString(), "killed");
            _killed.Cancel();
        }
    }

    /// <summary>
    /// Calls <paramref name="crash"/>, which kills the process, in place of its n-th step from now. It can die at any await, in the
    /// middle of an instant too. The last call counts.
    /// </summary>
    public void CrashAtStep(int steps, Action crash)
    {
        _stepsToCrash = steps;
        _crash = crash;
    }

    /// <summary>
    /// Runs work in this process for a caller in another one, as a request that reaches it. Fails with <see cref="IOException"/>
    /// when the process dies first: the outcome is unknown.
    /// </summary>
    public Task<T> CallAsync<T>(Func<ValueTask<T>> work)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Runs at once when the process is dead already.
        var registration = Killed.Register(() => answer.TrySetException(new IOException($"{this} died.")));
        // AnswerAsync reports every outcome to the caller, so nothing awaits it here.
        Post(_ => _ = AnswerAsync(work, answer, registration), null);
        return answer.Task;
    }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (_simulator.IsForeignThread)
        {
            _simulator.ReportForeignThread(this);
        }
        else if (IsAlive)
        {
            _simulator.Enqueue(new(this, d, state));
        }
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException(
            $"{this}: Send blocks its caller, which the simulation's one thread can't do. Use Post or CallAsync."
        );

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>The name with the incarnation: <c>node1#2</c>.</summary>
    public override string ToString() => $"{Name}#{Incarnation}";

    /// <summary>Queues work for the simulator itself (timers, new components).</summary>
    internal void Enqueue(SendOrPostCallback work, object? state) => _simulator.Enqueue(new(this, work, state));

    /// <summary>Whether the process is alive for its next step. Crashes it when its step has come.</summary>
    internal bool BeginStep()
    {
        if (IsAlive && _stepsToCrash >= 0 && _stepsToCrash-- == 0)
        {
            _crash!();
        }
        return IsAlive;
    }

    /// <summary>Whether a timer that is created now may ever run.</summary>
    internal bool AdmitsTimers()
    {
        if (_simulator.IsForeignThread)
        {
            _simulator.ReportForeignThread(this);
            return false;
        }
        return IsAlive;
    }

    private static async Task AnswerAsync<T>(
        Func<ValueTask<T>> work,
        TaskCompletionSource<T> answer,
        CancellationTokenRegistration registration
    )
    {
        try
        {
            answer.TrySetResult(await work());
        }
        catch (OperationCanceledException e)
        {
            answer.TrySetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            // The caller handles it.
            answer.TrySetException(e);
        }
        finally
        {
            registration.Unregister();
        }
    }
}
