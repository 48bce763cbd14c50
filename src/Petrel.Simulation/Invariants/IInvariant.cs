using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>Something that must hold after every commit. It sees each change in order, once.</summary>
public interface IInvariant
{
    string Name { get; }

    /// <summary>Takes one commit. Returns what is wrong after it, or null.</summary>
    string? Observe(IReadOnlyList<DocumentChange> commit);
}
