using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Model.Determinism;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Scenarios;

/// <summary>Users write and read counters while the server restarts and messages get lost: every acknowledged write stays.</summary>
public sealed class WritesUnderCrashes : IScenario
{
    /// <inheritdoc/>
    public string Name => "writes-under-crashes";

    /// <inheritdoc/>
    public string Description => "writes and reads ConfigMaps while the server restarts and messages are delayed and lost";

    /// <inheritdoc/>
    public WorldSettings World { get; } = new() { Nodes = 0 };

    /// <inheritdoc/>
    public FaultSettings Faults { get; } = new() { Weights = [(ProgramRestart.Server, 3), (NetworkDegradation.Definition, 2)] };

    /// <inheritdoc/>
    public TimeSpan ConvergeWithin { get; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task RunUserAsync(SimulatedWorld world, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var user = world.User;
        var writer = new RegisterWriter(user.Client, world.AcknowledgedWrites, user.Time, user.Entropy.Fork(), world.Report, registers: 4);
        await writer.RunAsync(Faults.Window, cancellationToken);
        await writer.CheckAllAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public string? Unfinished(SimulatedWorld world) => null;
}
