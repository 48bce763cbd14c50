namespace Petrel.Faults;

/// <summary>The kinds of faults that a program supports, by name.</summary>
public sealed class FaultRegistry
{
    private readonly Dictionary<string, FaultDefinition> _byName = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">Two definitions have the same name.</exception>
    public FaultRegistry(IReadOnlyList<FaultDefinition> definitions)
    {
        All = definitions;
        foreach (var definition in definitions)
        {
            foreach (var name in definition.FormerNames.Prepend(definition.Name))
            {
                _byName.Add(name, definition);
            }
        }
    }

    /// <summary>All definitions, in the order of the documentation.</summary>
    public IReadOnlyList<FaultDefinition> All { get; }

    /// <summary>Finds a definition by its name or a former name; null when there is none.</summary>
    public FaultDefinition? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Finds the definition of a fault.</summary>
    /// <exception cref="NotSupportedException">This program does not support faults of that kind.</exception>
    public FaultDefinition DefinitionOf(PlannedFault fault) =>
        Find(fault.Kind) ?? throw new NotSupportedException($"There is no fault \"{fault.Kind}\".");

    /// <summary>Describes a fault.</summary>
    public string Describe(PlannedFault fault) => DefinitionOf(fault).DescribeFault(fault);
}
