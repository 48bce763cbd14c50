namespace Petrel.Simulation.World;

/// <summary>The active faults of a machine's containers and images.</summary>
public sealed class MachineFaults
{
    private readonly List<MachineFault> _active = [];

    /// <summary>How much longer a container takes to start now.</summary>
    internal TimeSpan StartDelay => _active.Count == 0 ? TimeSpan.Zero : _active.Max(f => f.StartDelay);

    /// <summary>Whether no image can be pulled.</summary>
    internal bool PullsFail => _active.Exists(f => f.PullsFail);

    /// <summary>Begins a fault.</summary>
    public Effect Begin(MachineFault fault)
    {
        _active.Add(fault);
        return new Effect(() => _active.RemoveAll(f => ReferenceEquals(f, fault)));
    }

    public void HealAll() => _active.Clear();
}

/// <summary>A fault of a machine.</summary>
public sealed record MachineFault
{
    /// <summary>How much longer each container takes to start.</summary>
    public TimeSpan StartDelay { get; init; }

    /// <summary>No image can be pulled.</summary>
    public bool PullsFail { get; init; }
}
