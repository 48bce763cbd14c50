using System.Diagnostics.CodeAnalysis;

namespace Petrel.Simulation.Execution;

/// <summary>A task that runs in a process until it ends, is stopped, fails, or the process dies.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer holds nothing to release.")]
public sealed class SimulatedComponent
{
    private readonly Simulator _simulator;
    private readonly CancellationTokenSource _stopping = new();

    internal SimulatedComponent(Simulator simulator, SimulatedProcess process, string name)
    {
        _simulator = simulator;
        Process = process;
        Name = name;
    }

    public SimulatedProcess Process { get; }

    public string Name { get; }

    /// <summary>
    /// Whether it returned or failed, by itself or after <see cref="Stop"/>. The components of a killed process never end.
    /// </summary>
    public bool HasEnded { get; private set; }

    /// <summary>What it failed with.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Asks it to end gracefully, by its cancellation token.</summary>
    public void Stop() => Process.Post(_ => _stopping.Cancel(), null);

    internal async Task RunAsync(Func<CancellationToken, Task> body)
    {
        try
        {
            await body(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // It ended because of Stop.
        }
        catch (Exception e)
        {
            Failure = e;
            _simulator.Report(Process.ToString(), $"{Name} failed: {e.GetType().Name}: {e.Message}", e);
        }
        HasEnded = true;
    }
}
