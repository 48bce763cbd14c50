namespace Petrel.Faults;

/// <summary>The kinds of faults that a program knows, by name.</summary>
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

    /// <summary>The definition of this name, or of this former name; null when there is none.</summary>
    public FaultDefinition? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The definition of a fault.</summary>
    /// <exception cref="NotSupportedException">This program does not know faults of that kind.</exception>
    public FaultDefinition DefinitionOf(PlannedFault fault) =>
        Find(fault.Kind) ?? throw new NotSupportedException($"There is no fault \"{fault.Kind}\".");

    /// <summary>A fault in words.</summary>
    public string Describe(PlannedFault fault) => DefinitionOf(fault).DescribeFault(fault);
}
