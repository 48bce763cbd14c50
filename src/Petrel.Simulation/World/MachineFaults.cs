namespace Petrel.Simulation.World;

/// <summary>What is wrong with a machine's containers and images at the moment.</summary>
public sealed class MachineFaults
{
    private readonly List<MachineFault> _active = [];

    /// <summary>How much longer a container takes to start now.</summary>
    internal TimeSpan StartDelay => _active.Count == 0 ? TimeSpan.Zero : _active.Max(f => f.StartDelay);

    /// <summary>Whether no image can be pulled.</summary>
    internal bool PullsFail => _active.Exists(f => f.PullsFail);

    /// <summary>Begins a fault; disposing of what is answered ends it.</summary>
    public IDisposable Begin(MachineFault fault)
    {
        _active.Add(fault);
        return new Ending(() => _active.RemoveAll(f => ReferenceEquals(f, fault)));
    }

    public void HealAll() => _active.Clear();

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>Something wrong with a machine.</summary>
public sealed record MachineFault
{
    /// <summary>How much longer each container takes to start.</summary>
    public TimeSpan StartDelay { get; init; }

    /// <summary>No image can be pulled.</summary>
    public bool PullsFail { get; init; }
}
